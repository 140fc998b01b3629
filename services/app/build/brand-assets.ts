import { createHash } from 'node:crypto'
import { BRANDING, iconSvg } from '@pilot/chamber-ui/branding.ts'
import type { Plugin } from 'vite'

const VIRTUAL = 'virtual:brand-assets'
const RESOLVED = `\0${VIRTUAL}`

interface Asset {
  fileName: string
  source: string
}

function hashed(name: string, extension: string, source: string): Asset {
  const hash = createHash('sha256').update(source).digest('base64url').slice(0, 8)
  return { fileName: `assets/${name}-${hash}.${extension}`, source }
}

/**
 * Icon and manifest, made from branding.ts as hashed assets. `virtual:brand-assets` exports their URLs, relative to the
 * base path like every other asset of the shell.
 */
export function brandAssets(): Plugin {
  const icon = hashed('icon', 'svg', iconSvg())
  const manifest = hashed(
    'manifest',
    'webmanifest',
    JSON.stringify({
      name: BRANDING.name,
      short_name: BRANDING.name,
      description: BRANDING.tagline,
      // Relative to the manifest itself, so that it holds below every base path.
      start_url: '../',
      scope: '../',
      display: 'standalone',
      background_color: BRANDING.themeColor.light,
      theme_color: BRANDING.themeColor.light,
      icons: [{ src: `../${icon.fileName}`, sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
    }),
  )
  return {
    name: 'brand-assets',
    resolveId: (id) => (id === VIRTUAL ? RESOLVED : undefined),
    load: (id) =>
      id === RESOLVED
        ? `export const iconUrl = ${JSON.stringify(`./${icon.fileName}`)}\nexport const manifestUrl = ${JSON.stringify(`./${manifest.fileName}`)}\n`
        : undefined,
    generateBundle() {
      if (this.environment.name !== 'client') return
      for (const asset of [icon, manifest]) this.emitFile({ type: 'asset', ...asset })
    },
  }
}
