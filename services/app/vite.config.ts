import { fileURLToPath } from 'node:url'
import tailwind from '@tailwindcss/vite'
import { tanstackStart } from '@tanstack/react-start/plugin/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { brandAssets } from './build/brand-assets.ts'
import { finishBuild } from './build/finish-build.ts'

/** What light-dark(), field-sizing and OKLCH need at least; older browsers get a readable page without them. */
const BROWSERS = ['chrome123', 'safari17.5', 'firefox121']

/**
 * What every page needs goes into two files instead of dozens: libraries, which change seldom, and our own. Two more
 * have the links and what all pages of a workspace share. Whatever is fetched on demand (`-view` files, the palette, a session, the
 * terminals) stays out of them, and so do the components of the outer routes.
 */
const FIRST_VIEW = [
  {
    name: 'libraries',
    test: /node_modules[\\/](?:react|react-dom|scheduler|use-sync-external-store|@tanstack[\\/](?!react-virtual|virtual-core)[^\\/]+|@trpc[\\/][^\\/]+|zod|typeid-js|uuid|clsx|lucide-react|class-variance-authority|@radix-ui[\\/]react-(?:slot|compose-refs))[\\/]/,
    priority: 2,
  },
  {
    name: 'frame',
    test: /packages[\\/](?:domain|protocol[\\/]src[\\/]api|frontend[\\/]src[\\/](?:errors|gateway[\\/](?!organization-link))|chamber-ui[\\/]src[\\/](?:primitives[\\/](?!.*-view)|shell[\\/](?!command-palette)|branding))|services[\\/]app[\\/]src[\\/](?:lib[\\/](?!open-live)|screens[\\/](?:load-error|page-skeleton|not-found-screen|app-shell|workspace-only)|routes[\\/].*\.tsx$)/,
    priority: 1,
  },
  {
    name: 'links',
    test: /packages[\\/](?:protocol[\\/]src[\\/](?:link|messages|viewer|close-codes|frame)|frontend[\\/]src[\\/](?:link[\\/]|gateway[\\/]organization-link|clock))|services[\\/]app[\\/]src[\\/]lib[\\/]open-live/,
    priority: 1,
  },
  {
    name: 'workspace',
    test: /services[\\/]app[\\/]src[\\/](?:workspace[\\/]workspace-screen\.tsx|routes[\\/]_app[\\/]\$slug[\\/](?:new|s\.\$sessionId|terminal\.index|terminal\.\$terminalId)\.tsx\?)/,
    priority: 0,
  },
]

export default defineConfig({
  // One build serves every base path: all asset URLs are relative, and the server makes those of the shell absolute.
  base: './',
  resolve: { alias: [{ find: /^zod$/, replacement: fileURLToPath(new URL('./src/zod-jitless.ts', import.meta.url)) }] },
  build: { target: BROWSERS, cssTarget: BROWSERS, reportCompressedSize: false, assetsInlineLimit: 0 },
  environments: { client: { build: { rolldownOptions: { output: { codeSplitting: { groups: FIRST_VIEW } } } } } },
  plugins: [
    brandAssets(),
    tanstackStart({
      router: { basepath: '/' },
      spa: {
        enabled: true,
        // A path that no page has: the shell must hold no page's content, whichever address it is served at.
        maskPath: '/assets/shell',
        prerender: { outputPath: '/index.html' },
      },
    }),
    react(),
    tailwind(),
    finishBuild({ firstViewBudget: 200_000 }),
  ],
})
