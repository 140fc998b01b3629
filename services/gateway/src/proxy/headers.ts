/**
 * Allow-lists of the chamber proxy. Everything that is not named is dropped: cookies, authorisation, forwarding and
 * hop-by-hop headers, our own internal ones and those that steer the coding agent's server.
 */
const REQUEST = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'last-event-id',
  'range',
  'upload-offset',
])
const RESPONSE = new Set([
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'retry-after',
  'upload-offset',
  'x-next-cursor',
])

/** Types that a browser only shows. Every other one could run, style or frame something and is handed out as a download. */
const INERT =
  /^(?:application\/(?:json|problem\+json|x-ndjson|octet-stream)|text\/event-stream|image\/(?:png|jpeg|gif|webp|avif)|audio\/[\w.+-]+|video\/[\w.+-]+)$/
const ACTIVE_TEXT = /^text\/(?:html|xml|xsl|css|javascript|ecmascript|x-javascript|vbscript)$/
const SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"

export function requestHeaders(from: Headers, requestId: string): Headers {
  const headers = new Headers()
  for (const [name, value] of from) if (REQUEST.has(name)) headers.set(name, value)
  headers.set('x-pilot-request-id', requestId)
  return headers
}

/** Headers of the machine's answer as the browser gets them. Bytes that came from a machine never run on our origin. */
export function responseHeaders(from: Headers): Headers {
  const headers = new Headers()
  for (const [name, value] of from) if (RESPONSE.has(name)) headers.set(name, value)
  const { type, download } = safeType(headers.get('content-type'))
  headers.set('content-type', type)
  if (download && !headers.get('content-disposition')?.trim().toLowerCase().startsWith('attachment'))
    headers.set('content-disposition', 'attachment')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('content-security-policy', SANDBOX)
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  return headers
}

function safeType(given: string | null): { type: string; download: boolean } {
  const essence = (given ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (given !== null && INERT.test(essence)) return { type: given, download: false }
  if (/^text\/[\w.+-]+$/.test(essence) && !ACTIVE_TEXT.test(essence))
    return { type: 'text/plain; charset=utf-8', download: false }
  return { type: 'application/octet-stream', download: true }
}
