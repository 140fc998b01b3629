import { PilotError } from '@pilot/domain/errors'
import type { Engine } from '../engine/engine.ts'
import { type AdapterIdentity, capabilitiesOf, type RuntimeAdapter } from './adapter.ts'

export interface ProxiedCall {
  method: string
  target: string
  headers: Record<string, string>
  body: string
}

/**
 * The adapter of tests and development: no process is started. `answer` plays OpenCode; every call that reached it is
 * kept in `calls`, the newest 1,000.
 */
export function createMockAdapter(deps: {
  identity: AdapterIdentity
  engine: Pick<Engine, 'health'>
  now: () => Date
  answer?: (call: ProxiedCall) => Response | Promise<Response>
}): RuntimeAdapter & { calls: ProxiedCall[] } {
  const calls: ProxiedCall[] = []
  const answer = deps.answer ?? mockAnswer
  return {
    calls,
    identity: deps.identity,
    capabilities: () => capabilitiesOf(deps.identity, true, false),
    health: () => ({ backend: { status: 'ok' }, engine: deps.engine.health(), runtime_time: deps.now().toISOString() }),
    async proxy(request, targetPath) {
      const headers = Object.fromEntries(request.headers)
      const call = { method: request.method, target: targetPath, headers, body: await request.text() }
      calls.push(call)
      if (calls.length > 1_000) calls.shift()
      return answer(call)
    },
  }
}

function mockAnswer(call: ProxiedCall): Response {
  const { pathname } = new URL(call.target, 'http://mock')
  if (call.method === 'POST')
    return pathname.endsWith('/prompt_async') ? new Response(null, { status: 204 }) : Response.json(true)
  if (pathname === '/session' || /^\/(permission|question)$|\/(children|todo|diff|message)$/.test(pathname))
    return Response.json([])
  const session = /^\/session\/([^/]+)$/.exec(pathname)?.[1]
  if (session) return Response.json({ id: session, title: 'Mock session', time: { created: 0, updated: 0 } })
  throw new PilotError('NOT_FOUND')
}
