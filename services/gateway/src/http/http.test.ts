import { describe, expect, it } from 'vitest'
import { makeWorld, ORIGIN } from '../testing/world.ts'
import { stripBasePath } from './base-path.ts'
import { addressKey, RateLimiter } from './rate-limit.ts'

const json = { 'content-type': 'application/json' }
const own = { origin: ORIGIN, 'x-pilot-csrf': '1' }

describe('unsafe requests', () => {
  const create = '/api/trpc/organization.create'
  const body = JSON.stringify({ name: 'An organization' })

  it.each([
    ['no origin', { 'x-pilot-csrf': '1' }],
    ['null origin', { origin: 'null', 'x-pilot-csrf': '1' }],
    ['other site', { origin: 'https://evil.test', 'x-pilot-csrf': '1' }],
    ['same host, other port', { origin: 'http://localhost:14071', 'x-pilot-csrf': '1' }],
    ['same host, other scheme', { origin: 'https://localhost:14070', 'x-pilot-csrf': '1' }],
    ['our name in another', { origin: 'http://localhost:14070.evil.test', 'x-pilot-csrf': '1' }],
    ['sub-domain', { origin: 'http://a.localhost:14070', 'x-pilot-csrf': '1' }],
    ['other case', { origin: 'HTTP://LOCALHOST:14070', 'x-pilot-csrf': '1' }],
    ['same site only', { 'sec-fetch-site': 'same-site', 'x-pilot-csrf': '1' }],
    ['without our header', { origin: ORIGIN }],
    ['our header with another value', { origin: ORIGIN, 'x-pilot-csrf': 'true' }],
  ])('are refused: %s', async (_name, headers) => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    for (const [method, path] of [
      ['POST', create],
      ['DELETE', '/api/workspaces/nothing'],
      ['POST', '/api/chamber/workspaces/nothing/sessions'],
      ['POST', '/api/auth/sign-out'],
    ] as const)
      for (const type of ['application/json', 'text/plain', '']) {
        const given = { cookie: ann.cookie(), ...headers, ...(type ? { 'content-type': type } : {}) }
        const init = { method, headers: given, ...(method === 'POST' ? { body } : {}) }
        const response = await world.request(path, init as RequestInit)
        expect([method, path, type, response.status]).toEqual([method, path, type, 403])
        expect(await response.json()).toMatchObject({ error: { code: 'ORIGIN_REFUSED' } })
      }
  })

  it.each([
    ['exact origin', { origin: ORIGIN }],
    ['the other names of this computer', { origin: 'http://[::1]:14070' }],
    ['the browser says same-origin', { 'sec-fetch-site': 'same-origin' }],
  ])('pass: %s', async (_name, headers) => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    const given = { cookie: ann.cookie(), 'x-pilot-csrf': '1', ...json, ...headers }
    expect((await world.request(create, { method: 'POST', headers: given as HeadersInit, body })).status).toBe(200)
  })

  it('a mutation cannot be called with GET', async () => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    const response = await ann.send(`${create}?input=${encodeURIComponent(body)}`)
    expect(response.status).toBe(400)
    expect((await ann.call('organization', 'list', 'query')).length).toBe(0)
  })
})

describe('socket upgrades', () => {
  it.each([undefined, 'null', 'https://evil.test', 'http://localhost:1', `${ORIGIN}.evil.test`])(
    'need the exact origin, not %s',
    async (origin) => {
      const world = makeWorld()
      const { owner, organization, workspace } = await world.tenant('ann')
      for (const path of [`/api/ws/${organization.id}`, `/api/chamber/workspaces/${workspace.slug}/ws`]) {
        const headers = { cookie: owner.cookie(), upgrade: 'websocket', 'sec-fetch-site': 'same-origin' }
        const response = await world.request(path, { headers: origin ? { ...headers, origin } : headers })
        expect(response.status).toBe(403)
      }
      expect(world.hub.viewers).toEqual([])
    },
  )

  it('hand over who the viewer is, from the rows alone', async () => {
    const world = makeWorld()
    const { owner, workspace, runtime } = await world.tenant('ann')
    const path = `/api/chamber/workspaces/${workspace.slug}/ws?user_id=usr_x&role=admin`
    const response = await owner.send(path, { headers: { upgrade: 'websocket' } })
    expect(response.headers.get('x-test-upgraded')).toBe('1')
    expect(world.hub.viewers).toMatchObject([{ runtime_id: runtime.runtime_id, role: 'owner', generation: 1 }])
    expect((await owner.send(path)).status).toBe(426)
  })
})

describe('Host', () => {
  it.each(['evil.test', 'localhost:14070.evil.test', 'localhost', 'localhost:80', '127.0.0.1:14071', '10.0.0.1:14070'])(
    'refuses %s',
    async (host) => {
      const world = makeWorld()
      for (const path of ['/', '/healthz', '/api/trpc/user.session', '/rt/enroll'])
        expect((await world.request(path, { headers: { host } })).status).toBe(403)
    },
  )
  it.each(['localhost:14070', '127.0.0.1:14070', '[::1]:14070', 'LocalHost:14070'])('accepts %s', async (host) => {
    expect((await makeWorld().request('/healthz', { headers: { host } })).status).toBe(200)
  })
})

describe('bodies', () => {
  const send = async (body: BodyInit, headers: Record<string, string> = {}) => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    const given = { ...json, ...own, ...headers, cookie: ann.cookie() }
    const init = { method: 'POST', headers: given, body, duplex: 'half' } as RequestInit
    const answers = await Promise.all([
      world.request('/api/trpc/organization.create', {
        ...init,
        body: typeof body === 'string' ? body : (body as Blob),
      }),
    ])
    return answers[0] as Response
  }
  const code = async (response: Response) => {
    const body = (await response.json()) as { error: { data?: { code: string }; code?: string } }
    return body.error.data?.code ?? body.error.code
  }

  it('above the limit is refused by its announced length', async () => {
    const response = await send(JSON.stringify({ name: 'x'.repeat(1_048_577) }))
    expect([response.status, await code(response)]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })

  it('above the limit is refused by what really arrives, without reading the rest', async () => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    for (const path of ['/api/trpc/organization.create', '/api/workspaces']) {
      let pulled = 0
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled += 1
          controller.enqueue(new Uint8Array(65_536).fill(32))
        },
      })
      const headers = { ...json, ...own, cookie: ann.cookie() }
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
      expect((await world.request(path, init)).status).toBe(413)
      expect(pulled).toBeLessThan(25)
    }
  })

  it.each([
    ['broken JSON', '{"name":'],
    ['not JSON', 'name=x'],
    ['too deep', `{"name":${'['.repeat(50)}${']'.repeat(50)}}`],
    ['deep enough to exhaust a stack', '['.repeat(500_000)],
    ['lone surrogate', '{"name":"a\\ud800"}'],
    ['lone surrogate in a key', '{"name":"a","\\udc00":1}'],
    ['unknown field', '{"name":"a","admin":true}'],
    ['wrong type', '{"name":5}'],
    ['empty', '{"name":"   "}'],
    ['too long', `{"name":"${'x'.repeat(81)}"}`],
    ['null', 'null'],
    ['array', '[]'],
  ])('%s is VALIDATION_FAILED', async (_name, body) => {
    const response = await send(body)
    expect([response.status, await code(response)]).toEqual([400, 'VALIDATION_FAILED'])
  })

  it('invalid UTF-8 is VALIDATION_FAILED', async () => {
    const response = await send(new Blob([new Uint8Array([0x22, 0xff, 0xfe, 0x22])]))
    expect([response.status, await code(response)]).toEqual([400, 'VALIDATION_FAILED'])
  })

  it('a batch and a query are bounded, too', async () => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    const many = Array.from({ length: 21 }, () => 'organization.list').join(',')
    expect((await ann.send(`/api/trpc/${many}?batch=1`)).status).toBe(400)
    const deep = encodeURIComponent(`${'['.repeat(50)}${']'.repeat(50)}`)
    expect((await ann.send(`/api/trpc/slug.available?input=${deep}`)).status).toBe(400)
  })
})

describe('every answer', () => {
  it('carries the correlation id and the security headers', async () => {
    const world = makeWorld()
    for (const path of [
      '/healthz',
      '/api/nothing',
      '/api/trpc/organization.list',
      '/api/trpc/nothing.here',
      '/a-page',
    ]) {
      const response = await world.request(path, { headers: { 'x-pilot-request-id': 'my-request_1' } })
      expect(response.headers.get('x-pilot-request-id')).toBe('my-request_1')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    }
  })

  it.each(['short', 'x'.repeat(81), 'with space', 'new\tline', 'ümlaut-id'])(
    'mints an id instead of %j',
    async (given) => {
      const headers = new Headers()
      try {
        headers.set('x-pilot-request-id', given)
      } catch {
        return
      }
      const response = await makeWorld().request('/healthz', { headers })
      expect(response.headers.get('x-pilot-request-id')).toMatch(/^req_[0-9a-z]{26}$/)
    },
  )

  it('below the API paths is JSON, also for what does not exist', async () => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    for (const path of ['/api', '/api/', '/api/nothing', '/rt/nothing', '/gw/x', '/mgmt/x'])
      for (const method of ['GET', 'POST', 'PUT']) {
        const response = await ann.send(path, { method })
        expect([method, path, response.status]).toEqual([method, path, 404])
        expect(await response.json()).toMatchObject({ error: { code: 'NOT_FOUND', retryable: false } })
      }
  })

  it('tells nothing of what went wrong inside', async () => {
    const world = makeWorld()
    const { owner, workspace } = await world.tenant('ann')
    world.dump().exec('alter table agent_session rename to elsewhere')
    for (const response of [
      await owner.send(`/api/workspaces/${workspace.slug}`),
      await owner.send(
        `/api/trpc/workspace.get?input=${encodeURIComponent(JSON.stringify({ workspace_slug: workspace.slug }))}`,
      ),
    ]) {
      expect(response.status).toBe(500)
      const text = await response.text()
      expect(text).toContain('INTERNAL')
      expect(text).not.toMatch(/select|sqlite|agent_session|\.ts|node_modules|stack/i)
    }
    expect(world.logs.filter((line) => line.level === 'error').length).toBeGreaterThanOrEqual(2)
  })
})

describe('health', () => {
  it('tells process and readiness apart', async () => {
    const world = makeWorld()
    expect(await (await world.request('/readyz')).json()).toEqual({ status: 'ok', database: 'ok', hub: 'ok' })
    world.hub.presence = async () => Promise.reject(new Error('down'))
    const ready = await world.request('/readyz')
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'error', database: 'ok', hub: 'error' }])
    expect((await world.request('/healthz')).status).toBe(200)
  })
})

describe('pages', () => {
  it('are 200 without a session and resolved with one', async () => {
    const world = makeWorld()
    const { owner, organization, instance, workspace } = await world.tenant('ann')
    const outsider = await world.signIn('eve@example.test')
    const status = async (who: typeof owner | null, path: string) =>
      (who ? await who.send(path) : await world.request(path)).status
    for (const path of ['/', '/login', `/${organization.slug}`, '/no-such-thing', `/${workspace.slug}/settings`])
      expect(await status(null, path)).toBe(200)
    for (const path of [
      '/',
      '/login',
      `/${organization.slug}`,
      `/${organization.slug}/settings`,
      `/${organization.slug}/${instance.slug}`,
      `/${workspace.slug}`,
      `/${workspace.slug}/s/ags_x`,
    ])
      expect([path, await status(owner, path)]).toEqual([path, 200])
    for (const path of ['/no-such-thing', `/${organization.slug}/no-such-instance`, '/%ff', '/%2e%2e'])
      expect([path, await status(owner, path)]).toEqual([path, path === '/%2e%2e' ? 200 : 404])
    for (const path of [`/${organization.slug}`, `/${workspace.slug}`]) expect(await status(outsider, path)).toBe(404)
  })
})

describe('base path', () => {
  it.each([
    ['/pilot/api/x', '/pilot/', '/api/x'],
    ['/api/x', '/pilot/', '/api/x'],
    ['/pilot', '/pilot/', '/'],
    ['/pilots', '/pilot/', '/pilots'],
    ['/a/b/c', '/a/b/', '/c'],
    ['/x', '/', '/x'],
  ])('%s under %s is %s', (path, base, expected) => expect(stripBasePath(path, base)).toBe(expected))

  it('serves the API with and without it', async () => {
    const world = makeWorld({ base_url: `${ORIGIN}/pilot/` })
    for (const path of ['/healthz', '/pilot/healthz']) expect((await world.request(path)).status).toBe(200)
  })
})

describe('rate limits', () => {
  it('give attempts back over time and forget the oldest key', () => {
    let now = 0
    const limiter = new RateLimiter(() => new Date(now))
    const rule = { burst: 2, refill_seconds: 10 }
    limiter.take('a', rule)
    limiter.take('a', rule)
    expect(() => limiter.take('a', rule)).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }))
    now = 10_000
    limiter.take('a', rule)
    expect(() => limiter.take('a', rule)).toThrow()
    for (let i = 0; i < 10_001; i++) limiter.take(`k${i}`, rule)
    limiter.take('a', rule)
  })

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0000:0000:ffff::2', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s counts as %s', (ip, key) => expect(addressKey(ip)).toBe(key))
})
