import type { HeaderPairs } from '../messages/stream-open.ts'

/** All header names and values of one message together, in characters. */
export const MAX_HEADER_CHARS = 16_384

/** Meaningful for one hop only, or rebuilt at the far end. */
const HOP = [
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** Credentials of the control plane, and what names the browser or the edge, never reach a runtime. */
const REQUEST_DROPPED: ReadonlySet<string> = new Set([
  ...HOP,
  'authorization',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'origin',
  'referer',
  'x-real-ip',
])
const REQUEST_DROPPED_PREFIXES = ['cf-', 'sec-', 'x-forwarded-', 'x-pilot-']

/** A runtime never sets cookies, transport policy or workers of the control plane's origin. */
const RESPONSE_DROPPED: ReadonlySet<string> = new Set([
  ...HOP,
  'alt-svc',
  'clear-site-data',
  'service-worker-allowed',
  'set-cookie',
  'strict-transport-security',
  'www-authenticate',
])

function keep(headers: Headers, drops: (name: string) => boolean): HeaderPairs {
  const pairs: HeaderPairs = []
  let chars = 0
  for (const [name, value] of headers) {
    if (drops(name)) continue
    chars += name.length + value.length
    if (chars > MAX_HEADER_CHARS || pairs.length === 100) break
    pairs.push([name, value])
  }
  return pairs
}

/** The headers of a request that may cross the link. */
export function requestHeaders(headers: Headers): HeaderPairs {
  return keep(
    headers,
    (name) => REQUEST_DROPPED.has(name) || REQUEST_DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix)),
  )
}

/** The headers of an answer that may cross the link; applied by both ends. */
export function responseHeaders(headers: Headers): HeaderPairs {
  return keep(headers, (name) => RESPONSE_DROPPED.has(name))
}
