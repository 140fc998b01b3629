import { PilotError } from '@pilot/domain/errors'
import type { Engine } from '../engine/engine.ts'
import { type AdapterIdentity, capabilitiesOf, type RuntimeAdapter } from './adapter.ts'

/** How the supervised OpenCode is reached: one per instance, on loopback, with its own password. */
export interface OpenCodeAccess {
  /** Address and credential of the running process, starting it if it is not. Known to this process only. */
  connect(): Promise<{ origin: string; authorization: string }>
}

const REQUEST_HEADERS = ['accept', 'content-type'] as const
const RESPONSE_HEADERS = ['content-type', 'x-next-cursor'] as const

/** The adapter of production: health comes from the engine, `proxy` goes to the supervised OpenCode. */
export function createLocalAdapter(deps: {
  identity: AdapterIdentity
  engine: Pick<Engine, 'health'>
  opencode: OpenCodeAccess
  /** Whether this machine can hold terminals. */
  terminal: boolean
  now: () => Date
  fetch?: typeof fetch
}): RuntimeAdapter {
  const send = deps.fetch ?? fetch
  return {
    identity: deps.identity,
    capabilities: () => capabilitiesOf(deps.identity, deps.engine.health().status !== 'missing', deps.terminal),
    health: () => ({
      backend: { status: 'ok' },
      engine: deps.engine.health(),
      runtime_time: deps.now().toISOString(),
    }),
    async proxy(request, targetPath) {
      const { origin, authorization } = await deps.opencode.connect()
      // On loopback a compressed answer costs more than it saves: OpenCode would pack it and this side unpack it again.
      const headers = new Headers({ authorization, 'accept-encoding': 'identity' })
      for (const name of REQUEST_HEADERS) {
        const value = request.headers.get(name)
        if (value !== null) headers.set(name, value)
      }
      const body = request.body === null ? undefined : await request.arrayBuffer()
      let response: Response
      try {
        response = await send(new URL(targetPath, origin), {
          method: request.method,
          headers,
          body,
          redirect: 'manual',
          signal: request.signal,
        })
      } catch (cause) {
        if (request.signal.aborted) throw new PilotError('CANCELLED', undefined, undefined, { cause })
        throw new PilotError('AGENT_UNAVAILABLE', undefined, undefined, { cause })
      }
      return filterAnswer(response)
    },
  }
}

/** OpenCode answers an unknown path with its own page and 200, so a page means that the route does not exist. */
async function filterAnswer(response: Response): Promise<Response> {
  const type = response.headers.get('content-type') ?? ''
  const redirected = response.status >= 300 && response.status < 400
  if (redirected || response.status === 401 || /html|javascript|xml/i.test(type)) {
    await response.body?.cancel()
    throw new PilotError('RUNTIME_ERROR', 'The coding agent gave an answer that is not part of its API.')
  }
  const headers = new Headers({ 'x-content-type-options': 'nosniff' })
  for (const name of RESPONSE_HEADERS) {
    const value = response.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  const empty = response.status === 204 || response.status === 205
  return new Response(empty ? null : response.body, { status: response.status, headers })
}
