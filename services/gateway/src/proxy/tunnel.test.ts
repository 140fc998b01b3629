import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeWorld } from '../testing/world.ts'
import { responseHeaders } from './headers.ts'
import { canonicalPath } from './path.ts'

describe('the way to the machine', () => {
  it('carries method, path, query, body and who asks; nothing else of the browser', async () => {
    const world = makeWorld()
    const { owner, workspace, runtime } = await world.tenant('ann')
    const response = await owner.send(`/api/chamber/workspaces/${workspace.slug}/sessions/ags_1/commands?a=1&a=2`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'last-event-id': 'e:1',
        'x-forwarded-for': '6.6.6.6',
        Forwarded: 'for=6.6.6.6',
        'x-real-ip': '6.6.6.6',
        'X-OpenCode-Directory': '/etc',
        'x-pilot-actor': 'usr_admin',
        x_opencode_directory: '/etc',
        connection: 'x-secret',
        'x-pilot-request-id': 'my-request_1',
      },
      body: '{"n":1}',
    })
    expect(response.status).toBe(200)
    const [sent] = world.hub.tunnelled
    expect(sent?.target).toMatchObject({
      runtime_id: runtime.runtime_id,
      workspace_id: workspace.id,
      generation: 1,
      actor: { role: 'owner' },
      request_id: 'my-request_1',
    })
    const url = new URL(sent?.request.url ?? '')
    expect([sent?.request.method, url.pathname, url.search]).toEqual(['POST', '/sessions/ags_1/commands', '?a=1&a=2'])
    expect(await sent?.request.text()).toBe('{"n":1}')
    expect(Object.fromEntries(sent?.request.headers ?? [])).toEqual({
      'content-type': 'application/json',
      'last-event-id': 'e:1',
      'x-pilot-request-id': 'my-request_1',
    })
  })

  it('ends with a stable code where there is no way', async () => {
    const world = makeWorld()
    const { owner, workspace, runtime } = await world.tenant('ann')
    world.hub.online.delete(runtime.runtime_id)
    const offline = await owner.send(`/api/chamber/workspaces/${workspace.slug}/health`)
    expect([offline.status, await offline.json()]).toMatchObject([
      503,
      { error: { code: 'RUNTIME_OFFLINE', retryable: true } },
    ])
    const list = await owner.send(`/api/chamber/workspaces/${workspace.slug}/sessions`)
    expect([list.status, await list.json()]).toEqual([200, { items: [], next_cursor: null }])
  })

  it('refuses a body that is larger than announced, while it streams', async () => {
    const world = makeWorld()
    const { owner, workspace } = await world.tenant('ann')
    world.hub.onTunnel = async (request) => Response.json({ size: (await request.arrayBuffer()).byteLength })
    const endless = (chunks: number) => {
      let left = chunks
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left-- > 0) controller.enqueue(new Uint8Array(65_536))
          else controller.close()
        },
      })
    }
    const send = (type: string, chunks: number) =>
      owner.send(`/api/chamber/workspaces/${workspace.slug}/fs/upload`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: endless(chunks),
        duplex: 'half',
      } as RequestInit)
    expect((await send('application/json', 17)).status).toBe(413)
    expect(await (await send('application/octet-stream', 17)).json()).toEqual({ size: 17 * 65_536 })
    expect((await send('application/octet-stream', 129)).status).toBe(413)
  })
})

describe('paths', () => {
  it.each([
    ['sessions/ags_1', '/sessions/ags_1'],
    ['fs//a%20b/', '/fs/a%20b'],
    ['', '/'],
    ['fs/%C3%BC', '/fs/%C3%BC'],
    ['fs/100%25', '/fs/100%25'],
  ])('%s becomes %s', (raw, expected) => expect(canonicalPath(raw)).toBe(expected))

  it.each([
    '..',
    'a/../b',
    '%2e%2e',
    'a/%2E%2e/b',
    '..%2fb',
    '%252e%252e',
    'a%5cb',
    'a%00',
    '%',
    '%ff',
    'x'.repeat(5_000),
  ])('%j is refused', (raw) =>
    expect(() => canonicalPath(raw)).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' })),
  )

  it('never climb, whatever is decoded once more', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '%2e', '%2f', '/', '%5c', '%25', 'a'), fc.string({ maxLength: 4 }))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        let path: string
        try {
          path = canonicalPath(parts.join(''))
        } catch {
          return
        }
        const seen = decodeURIComponent(path)
        expect(seen.split('/')).not.toContain('..')
        expect(new URL(path, 'http://x').pathname).toBe(path)
      }),
    )
  })
})

describe('the way back', () => {
  it('drops what could act on our origin', () => {
    const headers = responseHeaders(
      new Headers({
        'content-type': 'application/json',
        'set-cookie': 'pilot=stolen',
        'access-control-allow-origin': '*',
        'access-control-allow-credentials': 'true',
        location: 'https://evil.test/',
        'x-pilot-request-id': 'forged-1234',
        'service-worker-allowed': '/',
        'content-security-policy': "script-src 'unsafe-inline'",
        refresh: '0; url=https://evil.test',
        link: '</x>; rel=preload',
        etag: '"a"',
      }),
    )
    expect(Object.fromEntries(headers)).toEqual({
      'content-type': 'application/json',
      etag: '"a"',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
    })
  })

  it.each([
    ['text/html', 'application/octet-stream', 'attachment'],
    ['TEXT/HTML; charset=utf-8', 'application/octet-stream', 'attachment'],
    ['image/svg+xml', 'application/octet-stream', 'attachment'],
    ['text/javascript', 'application/octet-stream', 'attachment'],
    ['application/javascript', 'application/octet-stream', 'attachment'],
    ['application/pdf', 'application/octet-stream', 'attachment'],
    ['application/wasm', 'application/octet-stream', 'attachment'],
    ['nonsense', 'application/octet-stream', 'attachment'],
    [null, 'application/octet-stream', 'attachment'],
    ['text/markdown', 'text/plain; charset=utf-8', null],
    ['text/plain', 'text/plain; charset=utf-8', null],
    ['text/event-stream', 'text/event-stream', null],
    ['image/png', 'image/png', null],
  ])('%s is given as %s', (type, expected, disposition) => {
    const headers = responseHeaders(new Headers(type ? { 'content-type': type } : {}))
    expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([expected, disposition])
  })

  it('streams, and keeps the machine from setting a cookie through the whole gateway', async () => {
    const world = makeWorld()
    const { owner, workspace } = await world.tenant('ann')
    world.hub.onTunnel = async () =>
      new Response('<script>alert(1)</script>', {
        status: 201,
        headers: { 'content-type': 'text/html', 'set-cookie': 'pilot=stolen' },
      })
    const response = await owner.send(`/api/chamber/workspaces/${workspace.slug}/fs/page.html`)
    expect(response.status).toBe(201)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(response.headers.get('content-disposition')).toBe('attachment')
    expect(response.headers.get('content-security-policy')).toContain('sandbox')
  })
})
