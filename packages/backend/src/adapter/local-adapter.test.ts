import { expect, test } from 'vitest'
import { serveLoopback } from '../model/serve.ts'
import { createLocalAdapter } from './local-adapter.ts'

const identity = { runtimeId: 'rt_x', runtimeLabel: 'laptop', platform: 'runtime' as const, version: '0.1.0' }

function adapterTo(origin: string, status: 'ok' | 'missing' = 'ok') {
  return createLocalAdapter({
    identity,
    engine: { health: () => ({ status, version: '1.18.33' }) },
    opencode: { connect: async () => ({ origin, authorization: 'Basic secret' }) },
    terminal: false,
    now: () => new Date('2026-01-01T00:00:00Z'),
  })
}

test('passes on method, body and two headers, and gives back nothing that opens OpenCode', async () => {
  const seen: { url: string; headers: Record<string, string>; body: string }[] = []
  const server = await serveLoopback(async (request) => {
    const { pathname, search } = new URL(request.url)
    seen.push({ url: pathname + search, headers: Object.fromEntries(request.headers), body: await request.text() })
    return Response.json(
      { ok: true },
      { headers: { 'set-cookie': 'a=b', 'access-control-allow-origin': '*', 'x-next-cursor': 'c', location: '/x' } },
    )
  })
  try {
    const headers = {
      cookie: 'a=b',
      'x-opencode-directory': '/etc',
      'content-type': 'application/json',
      'last-event-id': '1',
    }
    const request = new Request('http://w/session/x?directory=/etc', { method: 'POST', body: '{"a":1}', headers })
    const response = await adapterTo(server.url).proxy(request, '/session/y/prompt_async?directory=%2Fw')
    expect(await response.json()).toEqual({ ok: true })
    expect([...response.headers.keys()].toSorted()).toEqual(['content-type', 'x-content-type-options', 'x-next-cursor'])
    expect(seen[0]).toMatchObject({ url: '/session/y/prompt_async?directory=%2Fw', body: '{"a":1}' })
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Basic secret', 'accept-encoding': 'identity' })
    for (const name of ['cookie', 'x-opencode-directory', 'last-event-id'])
      expect(seen[0]?.headers[name]).toBeUndefined()
  } finally {
    await server.close()
  }
})

test.each([
  ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
  ['a script', () => new Response('x', { headers: { 'content-type': 'text/javascript' } })],
  ['a redirect', () => new Response(null, { status: 302, headers: { location: 'http://evil.invalid/' } })],
  ['a refused password', () => Response.json({}, { status: 401 })],
])('%s is an error', async (_, answer) => {
  const server = await serveLoopback(async () => answer())
  try {
    const proxied = adapterTo(server.url).proxy(new Request('http://w/session'), '/nothing')
    await expect(proxied).rejects.toMatchObject({ code: 'RUNTIME_ERROR' })
  } finally {
    await server.close()
  }
})

test('OpenCode that does not listen is unavailable, one that is missing is not offered', async () => {
  const gone = await serveLoopback(async () => Response.json({}))
  await gone.close()
  const adapter = adapterTo(gone.url, 'missing')
  await expect(adapter.proxy(new Request('http://w/'), '/session')).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' })
  expect(adapter.capabilities().capabilities.opencode).toBe(false)
})
