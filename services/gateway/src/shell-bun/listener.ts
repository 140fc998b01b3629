import { PilotError } from '@pilot/domain/errors'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '[::1]'])
export const isLoopback = (host: string): boolean => LOOPBACK.has(host)

export interface Addresses {
  /** Public address, ending in `/`. */
  base_url: string
  loopback: boolean
}

/**
 * The public address of a listener. Plain http is for this computer only: a session cookie must not travel in the clear.
 * Throws VALIDATION_FAILED with what to set instead.
 */
export function publicAddress(input: { host: string; port: number; baseUrl?: string | undefined }): Addresses {
  const loopback = isLoopback(input.host)
  if (input.baseUrl === undefined) {
    if (loopback) return { base_url: `http://localhost:${input.port}/`, loopback }
    throw new PilotError(
      'VALIDATION_FAILED',
      `Listening on ${input.host} needs PILOT_BASE_URL with the https address that people use.`,
    )
  }
  const url = URL.canParse(input.baseUrl) ? new URL(input.baseUrl) : null
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username || url.password || url.search || url.hash)
    throw new PilotError('VALIDATION_FAILED', 'PILOT_BASE_URL must be an address such as https://host/pilot/.')
  if (url.protocol === 'http:' && !(loopback && isLoopback(url.hostname)))
    throw new PilotError('VALIDATION_FAILED', 'PILOT_BASE_URL must begin with https:// unless it names this computer.')
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return { base_url: url.href, loopback: loopback && isLoopback(url.hostname) }
}

/**
 * The address of whoever sent a request. A forwarding header counts only when it comes from a listed proxy; then it is
 * the last address in it that is not a listed proxy itself.
 */
export function clientAddress(peer: string, forwarded: string | null, trusted: readonly string[]): string {
  if (forwarded === null || !trusted.includes(peer)) return peer
  const hops = forwarded.split(',').map((hop) => hop.trim())
  return hops.findLast((hop) => hop !== '' && !trusted.includes(hop)) ?? peer
}

/** The first free port above `port`, or null. */
export function nextFreePort(host: string, port: number): number | null {
  for (let next = port + 1; next <= Math.min(port + 100, 65_535); next++) {
    try {
      Bun.serve({ hostname: host, port: next, fetch: () => new Response(null) }).stop(true)
      return next
    } catch {
      // Taken as well.
    }
  }
  return null
}

/** The error of a port that somebody else listens on: names the next free one, never takes it silently. */
export function portTaken(host: string, port: number, cause: unknown): PilotError {
  const next = nextFreePort(host, port)
  const hint = next === null ? 'Free it, or choose another one.' : `Free it, or start with --port ${next}.`
  return new PilotError(
    'CONFLICT',
    `Port ${port} is taken by another program. ${hint}`,
    { port, next_free: next },
    {
      cause,
    },
  )
}
