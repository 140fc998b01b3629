/** The application's one document, finished for one base path. */
export interface Shell {
  html: string
  /** Content-Security-Policy with the hashes of the inline scripts as they are in `html`. */
  policy: string
  /** Quoted. */
  etag: string
}

const BASE = /^\/(?:[A-Za-z0-9._~-]+\/)*$/
const INLINE_SCRIPT = /<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/gi
// A quote, then the relative URL that the build writes for a base path it does not know.
const RELATIVE_ASSET = /(["'`(=])\/?\.\/assets\//g

/** The path of the public address, with a slash at both ends, such as `/` or `/pilot/`. Throws when it holds more. */
export function basePathOf(baseUrl: string): string {
  const { pathname } = new URL(baseUrl)
  const base = pathname.endsWith('/') ? pathname : `${pathname}/`
  if (!BASE.test(base)) throw new Error('The path of PILOT_BASE_URL may hold letters, digits and . _ ~ - only.')
  return base
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
}

/**
 * Writes the base path into the built shell: a meta tag for the application, and absolute asset URLs, because a relative
 * one would depend on the page's depth. The policy is computed from the result.
 */
export async function renderShell(built: string, base: string): Promise<Shell> {
  if (!BASE.test(base)) throw new Error(`not a base path: ${base}`)
  const html = built
    .replaceAll(RELATIVE_ASSET, (_, before: string) => `${before}${base}assets/`)
    .replace(/<head(\s[^>]*)?>/i, (head) => `${head}<meta name="pilot-base" content="${base}">`)
  const scripts = [...html.matchAll(INLINE_SCRIPT)].map((match) => match[1] ?? '')
  const hashes = await Promise.all([...new Set(scripts)].map(async (script) => `'sha256-${await sha256(script)}'`))
  const policy = [
    "default-src 'self'",
    ["script-src 'self'", ...hashes].join(' '),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
  return { html, policy, etag: `"${(await sha256(html)).slice(0, 27)}"` }
}
