import { PilotError } from '@pilot/domain/errors'
import { type AssetStore, acceptedEncodings, matchesEtag } from './store.ts'

/** One path segment of a built file: no leading dot, no separator of any system, nothing encoded. */
const SEGMENT = /^[A-Za-z0-9_~@$-][A-Za-z0-9._~@$-]*$/
const MAX_PATH = 512

/**
 * The file that a request path (below the base path) asks for, or null when it asks for a page. Pages have no dot in
 * their last segment, built files always do. Throws NOT_FOUND for a path below `/assets/` that no file can have.
 */
export function assetPath(pathname: string): string | null {
  const path = pathname.slice(1)
  const inAssets = path === 'assets' || path.startsWith('assets/')
  const last = path.slice(path.lastIndexOf('/') + 1)
  const plausible = path.length <= MAX_PATH && last.includes('.') && path.split('/').every((part) => SEGMENT.test(part))
  if (plausible) return path
  if (inAssets) throw new PilotError('NOT_FOUND')
  return null
}

/** Serves one file to GET and HEAD. Null when there is none. */
export async function serveAsset(request: Request, path: string, store: AssetStore): Promise<Response | null> {
  // Siblings are answers in another coding, not files of their own.
  if (/\.(?:br|gz)$/.test(path)) return null
  const asset = await store.get(path, acceptedEncodings(request.headers.get('accept-encoding')))
  if (!asset) return null
  const headers = new Headers({
    'content-type': asset.type,
    etag: asset.etag,
    vary: 'accept-encoding',
    'cache-control': asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  })
  if (asset.encoding) headers.set('content-encoding', asset.encoding)
  const unchanged = matchesEtag(request.headers.get('if-none-match'), asset.etag)
  if (unchanged || request.method === 'HEAD') {
    if (asset.body instanceof ReadableStream) await asset.body.cancel()
    else if (!unchanged) headers.set('content-length', String(asset.body.byteLength))
    return new Response(null, { status: unchanged ? 304 : 200, headers })
  }
  if (asset.body instanceof Uint8Array) headers.set('content-length', String(asset.body.byteLength))
  return new Response(asset.body, { headers })
}
