import { newId } from '@pilot/domain/ids'
import { describe, expect, it } from 'vitest'
import { PilotClientError } from '../errors.ts'
import { fakeCommand, fakeSession } from '../testing/fake-runtime.ts'
import { createRuntimeAPIs } from './create-runtime-apis.ts'

const session = newId('agent_session')
function setUp(answer: () => Response | Promise<Response>) {
  const calls: { url: string; init: RequestInit }[] = []
  const apis = createRuntimeAPIs('web-shop', {
    baseUrl: '/pilot',
    fetch: async (url, init) => {
      calls.push({ url, init })
      return answer()
    },
  })
  return { apis, calls }
}
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    (cause: unknown) => (cause instanceof PilotClientError ? cause.code : cause),
  )

describe('runtime APIs', () => {
  it('writes below the workspace with proof, correlation and the session of the command', async () => {
    const command = fakeCommand(session, newId('command'))
    const { apis, calls } = setUp(() => Response.json(command, { status: 202 }))
    const request = { kind: 'prompt' as const, id: command.id, session_id: session, text: 'do it' }
    expect(await apis.commands.send(request)).toEqual(command)
    expect(calls[0]?.url).toBe(`/pilot/api/chamber/workspaces/web-shop/sessions/${session}/commands`)
    expect(calls[0]?.init).toMatchObject({ method: 'POST', credentials: 'same-origin', body: JSON.stringify(request) })
    const headers = new Headers(calls[0]?.init.headers)
    expect(headers.get('x-pilot-csrf')).toBe('1')
    expect(headers.get('x-pilot-request-id')).toMatch(/^req_/)
  })

  it('escapes what it puts into addresses', async () => {
    const { apis, calls } = setUp(() => new Response('all of it'))
    expect(await apis.sessions.partOutput(session, 'a/b?c')).toBe('all of it')
    await apis.sessions.diff(session, 'src/a b.ts').catch(() => undefined)
    await apis.sessions.snapshot(session, { before: 'm 1', limit: 5 }).catch(() => undefined)
    expect(calls.map(({ url }) => url.split(session)[1])).toEqual([
      '/parts/a%2Fb%3Fc/output',
      '/diff?path=src%2Fa+b.ts',
      '/snapshot?before=m+1&limit=5',
    ])
  })

  it('gives every failure a code and a sentence', async () => {
    const request_id = newId('request')
    const body = { error: { code: 'RUNTIME_OFFLINE', message: 'off', request_id, retryable: true } }
    const offline = setUp(() => Response.json(body, { status: 503 }))
    await expect(offline.apis.health()).rejects.toMatchObject({ code: 'RUNTIME_OFFLINE', request_id, retryable: true })
    expect(await codeOf(setUp(() => Response.error()).apis.health())).toBe('BAD_ANSWER')
    expect(await codeOf(setUp(() => new Response('<html>', { status: 502 })).apis.health())).toBe('NETWORK')
    expect(await codeOf(setUp(() => new Response('<html>')).apis.health())).toBe('BAD_ANSWER')
    expect(await codeOf(setUp(() => Response.json({ other: 1 })).apis.health())).toBe('BAD_ANSWER')
    expect(await codeOf(setUp(() => Promise.reject(new TypeError('failed'))).apis.health())).toBe('NETWORK')
    expect(await codeOf(setUp(() => new Response(null, { status: 401 })).apis.health())).toBe('UNAUTHENTICATED')
  })

  it('reads what it asked for, and answers an abort with its reason', async () => {
    const { apis } = setUp(() => Response.json(fakeSession(session), { status: 201 }))
    expect((await apis.sessions.create({ id: session })).id).toBe(session)
    const gone = new AbortController()
    const reason = new Error('left')
    const waiting = setUp(() => {
      gone.abort(reason)
      return Promise.reject(new TypeError('aborted'))
    })
    await expect(waiting.apis.model({ signal: gone.signal })).rejects.toBe(reason)
  })
})
