import { errorBody, PilotError } from '@pilot/domain/errors'
import { assetPath, serveAsset } from '../assets/serve.ts'
import { type AssetStore, acceptedEncodings, matchesEtag } from '../assets/store.ts'
import type { PagesPort } from '../deps.ts'
import { stripBasePath } from '../http/base-path.ts'
import { requestIdOf } from '../http/request-id.ts'
import { setSecurityHeaders } from '../http/security-headers.ts'
import { basePathOf, renderShell, type Shell } from './shell.ts'

export interface PagesOptions {
  store: AssetStore
  /** Public address of the application, as in the gateway's configuration. */
  base_url: string
  /** Compress the document here. A platform whose edge does it passes false. */
  compress: boolean
}

interface Document extends Shell {
  gzip: Uint8Array<ArrayBuffer> | null
}

async function gzipped(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/**
 * Serves the application: files by their name, the document for everything else. Takes paths with and without the base
 * path. Every answer carries the security headers; nothing here reads a cookie.
 */
export function createPages(options: PagesOptions): PagesPort {
  const base = basePathOf(options.base_url)
  const https = new URL(options.base_url).protocol === 'https:'
  let rendered: Promise<Document | null> | null = null

  async function render(): Promise<Document | null> {
    const file = await options.store.get('index.html', [])
    if (!file) return null
    const shell = await renderShell(await new Response(file.body).text(), base)
    return { ...shell, gzip: options.compress ? await gzipped(shell.html) : null }
  }

  function loaded(): Promise<Document | null> {
    rendered ??= render().catch((error: unknown) => {
      // The next request tries again.
      rendered = null
      throw error
    })
    return rendered
  }

  async function document(request: Request, found: boolean): Promise<Response> {
    const page = await loaded()
    if (!page) {
      return new Response(
        'The web application is missing from this installation. Build it, or install Pilot again.\n',
        {
          status: 503,
          headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
        },
      )
    }
    const gzip = page.gzip !== null && acceptedEncodings(request.headers.get('accept-encoding')).includes('gzip')
    const etag = gzip ? page.etag.replace(/"$/, '-gz"') : page.etag
    const headers = new Headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': page.policy,
      // Whether a slug exists depends on who asks, so only the reader's own browser may keep an answer.
      'cache-control': found ? 'private, no-cache' : 'no-store',
      vary: 'accept-encoding, cookie',
    })
    if (gzip) headers.set('content-encoding', 'gzip')
    if (found) {
      headers.set('etag', etag)
      if (matchesEtag(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers })
    }
    const body = gzip ? page.gzip : page.html
    return new Response(request.method === 'HEAD' ? null : body, { status: found ? 200 : 404, headers })
  }

  async function answer(request: Request, found: boolean): Promise<Response> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
    }
    const pathname = stripBasePath(new URL(request.url).pathname, base)
    const path = assetPath(pathname)
    if (path === null || path === 'index.html') return document(request, found)
    const asset = await serveAsset(request, path, options.store)
    if (!asset) throw new PilotError('NOT_FOUND', 'There is no such file. Reload the page.')
    return asset
  }

  return {
    async fetch(request, found) {
      const response = await answer(request, found).catch((error: unknown) => {
        const { status, body } = errorBody(error, requestIdOf(request.headers))
        return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
      })
      setSecurityHeaders(response.headers, https)
      return response
    },
  }
}
