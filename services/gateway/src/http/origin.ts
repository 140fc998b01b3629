import { PilotError } from '@pilot/domain/errors'
import type { GatewayConfig } from '../deps.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])
export const CSRF_HEADER = 'x-pilot-csrf'

/** Refuses a Host that is not ours: a foreign name that resolves to this computer must not reach it. */
export function checkHost(request: Request, config: GatewayConfig): void {
  const host = (request.headers.get('host') ?? new URL(request.url).host).toLowerCase()
  if (!config.hosts.includes(host))
    throw new PilotError('ORIGIN_REFUSED', 'This address is not known here. Set PILOT_BASE_URL to the address you use.')
}

/**
 * Protects everything that the session cookie authorises. Unsafe methods need a same-origin proof and our header;
 * a socket upgrade, which no preflight guards, needs the exact origin.
 */
export function checkOrigin(request: Request, config: GatewayConfig, upgrade: boolean): void {
  const origin = request.headers.get('origin')
  const exact = origin !== null && config.origins.includes(origin)
  if (upgrade) {
    if (!exact) throw new PilotError('ORIGIN_REFUSED')
    return
  }
  if (SAFE.has(request.method)) return
  if (!exact && request.headers.get('sec-fetch-site') !== 'same-origin') throw new PilotError('ORIGIN_REFUSED')
  if (request.headers.get(CSRF_HEADER) !== '1')
    throw new PilotError('ORIGIN_REFUSED', `This request lacks the header ${CSRF_HEADER}: 1.`)
}

/**
 * Hosts and origins that a listener accepts: the configured address, else the three names of this computer on the real
 * port. The latter stay valid as Host behind a proxy that rewrites it, and for the local runtime.
 */
export function allowedAddresses(input: { base_url: string; explicit_base: boolean; port: number }): {
  hosts: string[]
  origins: string[]
} {
  const loopback = ['localhost', '127.0.0.1', '[::1]'].map((name) => `${name}:${input.port}`)
  const base = new URL(input.base_url)
  return {
    hosts: [...new Set([base.host, ...loopback])],
    origins: input.explicit_base ? [base.origin] : loopback.map((host) => `http://${host}`),
  }
}
