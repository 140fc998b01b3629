import { newId } from '@pilot/domain/ids'
import { describe, expect, it } from 'vitest'
import { schema } from '../database.ts'
import { cookiesOf, makeWorld, ORIGIN, type World } from '../testing/world.ts'
import { ensureOwner, issueOwnerLink, OWNER_LINK_MS } from './owner-link.ts'
import { providersFromEnv } from './providers.ts'

const by = { request_id: 'req-12345678', ip: 'local' }
const browser = { origin: ORIGIN, 'x-pilot-csrf': '1', 'content-type': 'application/json' }

async function link(world: World) {
  const { url } = await issueOwnerLink(world.app, await ensureOwner(world.app, 'Ann'), by)
  const [address, token = ''] = url.split('#owner=')
  return { address, token }
}
const redeem = (world: World, token: string, ip?: string) =>
  world.request(
    '/api/auth/owner-link/redeem',
    { method: 'POST', headers: browser, body: JSON.stringify({ token }) },
    ip,
  )

describe('owner link', () => {
  it('signs in once; of two at the same moment one wins', async () => {
    const world = makeWorld()
    const { address, token } = await link(world)
    expect(address).toBe(`${ORIGIN}/login`)
    const answers = await Promise.all([redeem(world, token), redeem(world, token), redeem(world, token)])
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 410, 410])
    expect(await world.app.db.select().from(schema.session)).toHaveLength(1)
    const winner = answers.find((answer) => answer.ok) as Response
    const owner = world.person(winner)
    expect((await owner.call('user', 'session', 'query')).user).toMatchObject({ name: 'Ann', role: 'admin' })
  })

  it('expires after ten minutes and is stored only as a hash', async () => {
    const world = makeWorld()
    const { token } = await link(world)
    expect(token.length).toBeGreaterThanOrEqual(43)
    expect(JSON.stringify(await world.app.db.select().from(schema.verification))).not.toContain(token)
    world.advance(OWNER_LINK_MS)
    const late = await redeem(world, token)
    expect(late.status).toBe(410)
    expect(await late.json()).toMatchObject({ error: { code: 'LINK_EXPIRED', retryable: false } })
  })

  it('slows down whoever guesses', async () => {
    const world = makeWorld()
    const statuses: number[] = []
    for (let i = 0; i < 12; i++) statuses.push((await redeem(world, 'x'.repeat(43), '2001:db8::1')).status)
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(410))
    const limited = await redeem(world, 'x'.repeat(43), '2001:0db8:0:0:ffff::2')
    expect(limited.status).toBe(429)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await redeem(world, 'x'.repeat(43), '2001:db8:1::1')).status).toBe(410)
    world.advance(60_000)
    expect((await redeem(world, 'x'.repeat(43), '2001:db8::1')).status).toBe(410)
  })
})

describe('session cookie', () => {
  it('is strict and http-only, and host-bound under https', async () => {
    for (const base of [ORIGIN, 'https://pilot.example.test/deep']) {
      const https = base.startsWith('https')
      const origin = new URL(base).origin
      const world = makeWorld({
        base_url: `${base}/`,
        origins: [origin],
        hosts: [new URL(base).host, 'localhost:14070'],
      })
      const { token } = await link(world)
      const response = await world.request('/api/auth/owner-link/redeem', {
        method: 'POST',
        headers: { ...browser, origin },
        body: JSON.stringify({ token }),
      })
      const [cookie = ''] = response.headers.getSetCookie()
      expect(cookie.startsWith(https ? '__Host-pilot=' : 'pilot=')).toBe(true)
      const flags = cookie.split('; ').slice(1)
      expect(flags).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'SameSite=Strict']))
      expect(flags.includes('Secure')).toBe(https)
      expect(cookie).not.toContain('Domain')
      expect(response.headers.has('strict-transport-security')).toBe(https)
      const me = await world.request('/api/trpc/user.session', { headers: { cookie: cookiesOf(response) } })
      expect(await me.json()).toMatchObject({ result: { data: { user: { name: 'Ann' } } } })
    }
  })

  it('is worthless unsigned, changed or from the database alone', async () => {
    const world = makeWorld()
    await world.signIn('ann@example.test')
    const [row] = await world.app.db.select().from(schema.session)
    for (const value of [row?.token ?? '', `${row?.token}.AAAA`, `${row?.token}.${'A'.repeat(43)}%3D`]) {
      const response = await world.request('/api/trpc/organization.list', { headers: { cookie: `pilot=${value}` } })
      expect(response.status).toBe(401)
    }
  })

  it('ends with sign-out, idleness and its absolute end; a new sign-in ends the one before', async () => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    const before = ann.cookie()
    await ann.rest('POST', '/api/auth/dev/login', { email: 'ann@example.test' })
    expect(ann.cookie()).not.toBe(before)
    expect((await world.request('/api/trpc/organization.list', { headers: { cookie: before } })).status).toBe(401)
    const kept = ann.cookie()
    const out = await ann.rest('POST', '/api/auth/sign-out')
    expect(out.headers.getSetCookie()[0]).toMatch(/^pilot=;.*Max-Age=0/)
    expect((await world.request('/api/trpc/organization.list', { headers: { cookie: kept } })).status).toBe(401)

    const bob = await world.signIn('bob@example.test')
    const rows = await world.app.db.select().from(schema.session)
    const now = world.app.clock().getTime()
    await world.app.db.update(schema.session).set({ updated_at: new Date(now - 8 * 24 * 3_600_000) })
    expect((await bob.rpc('organization.list', 'query')).status).toBe(401)
    await world.app.db.update(schema.session).set({ updated_at: new Date(now), expires_at: new Date(now) })
    expect((await bob.rpc('organization.list', 'query')).status).toBe(401)
    expect(rows).toHaveLength(1)
  })

  it('opens with its own signature alone, however often it was seen', async () => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    const bob = await world.signIn('bob@example.test')
    const ask = async (cookie: string) =>
      (await world.request('/api/trpc/organization.list', { headers: { cookie } })).status
    const [mine = '', signature = ''] = ann.cookie().split('.')
    const [other = ''] = bob.cookie().split('.')
    const changed = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`
    for (let round = 0; round < 2; round++) {
      expect(await ask(`${mine}.${signature}`)).toBe(200)
      for (const cookie of [`${mine}.${changed}`, `${other}.${signature}`, mine, `${mine}.`])
        expect([cookie, await ask(cookie)]).toEqual([cookie, 401])
    }
  })

  it('does not open for a banned user', async () => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    await world.app.db.update(schema.user).set({ banned: true })
    expect((await ann.rpc('organization.list', 'query')).status).toBe(401)
  })

  it('a session store that fails closes every way in, and says that it is not the fault of the caller', async () => {
    const world = makeWorld()
    const { owner, runtime, workspace } = await world.tenant('ann')
    world.dump().exec('alter table session rename to gone')
    world.dump().exec('alter table runtime rename to gone_too')
    const ws = { upgrade: 'websocket', connection: 'Upgrade' }
    const bearer = { authorization: `Bearer ${runtime.runtime_token}` }
    const answers = await Promise.all([
      owner.send('/api/trpc/organization.list'),
      owner.send('/api/trpc/user.session'),
      owner.send(`/api/chamber/workspaces/${workspace.slug}/health`),
      owner.send(`/api/chamber/workspaces/${workspace.slug}/ws`, { headers: ws }),
      owner.send('/'),
      world.request(`/rt/connect/${runtime.runtime_id}`, { headers: { ...ws, ...bearer } }),
    ])
    for (const answer of answers) {
      const text = await answer.text()
      expect([answer.status, JSON.parse(text)]).toMatchObject([503, { error: { code: 'AUTH_UNAVAILABLE' } }])
      expect(text).not.toMatch(/session|select|sqlite|gone|\bat \//i)
    }
    expect([world.hub.tunnelled, world.hub.viewers, world.hub.runtimes]).toEqual([[], [], []])
    expect(world.logs.filter(({ message }) => message === 'a caller could not be checked')).toHaveLength(6)
    world.dump().exec('alter table gone rename to session')
    expect((await owner.rpc('organization.list', 'query')).status).toBe(200)
  })
})

describe('development sign-in', () => {
  it.each([{ stage: 'production' as const }, { loopback: false }])('does not exist with %o', async (overrides) => {
    const world = makeWorld(overrides)
    const response = await world.request('/api/auth/dev/login', {
      method: 'POST',
      headers: browser,
      body: JSON.stringify({ email: 'eve@example.test' }),
    })
    expect(response.status).toBe(404)
    expect(await world.app.db.select().from(schema.user)).toHaveLength(0)
    const session = await (await world.request('/api/trpc/user.session')).json()
    expect(session).toMatchObject({ result: { data: { login: { dev_login: false } } } })
  })

  it('creates a user once, whatever the case of the address', async () => {
    const world = makeWorld()
    await world.signIn('Ann@Example.test')
    await world.signIn('ann@example.test')
    expect(await world.app.db.select().from(schema.user)).toHaveLength(1)
  })
})

describe('a configured provider', () => {
  const world = () =>
    makeWorld({
      providers: providersFromEnv({
        PILOT_GITHUB_CLIENT_ID: 'client',
        PILOT_GITHUB_CLIENT_SECRET: 'secret',
        PILOT_GITHUB_AUTHORIZATION_URL: 'https://provider.test/authorize',
        PILOT_GOOGLE_CLIENT_ID: 'only half of it',
      }),
    })
  const start = (body: object) =>
    world().request('/api/auth/sign-in/social', { method: 'POST', headers: browser, body: JSON.stringify(body) })

  it('is shown, and begins with PKCE and a state that is bound to the browser', async () => {
    const session = await (await world().request('/api/trpc/user.session')).json()
    expect(session).toMatchObject({ result: { data: { login: { providers: [{ id: 'github', label: 'GitHub' }] } } } })
    const response = await start({ provider: 'github', callbackURL: '/acme' })
    expect(response.status).toBe(200)
    const { url } = (await response.json()) as { url: string }
    const query = new URL(url).searchParams
    expect(url.startsWith('https://provider.test/authorize?')).toBe(true)
    expect(query.get('code_challenge_method')).toBe('S256')
    expect(query.get('redirect_uri')).toBe(`${ORIGIN}/api/auth/callback/github`)
    expect(url).not.toContain('secret')
    expect(response.headers.getSetCookie().join()).toMatch(/state=.*HttpOnly; SameSite=Lax/)
  })

  it.each(['https://evil.test', '//evil.test', '/\\evil.test', 'javascript:alert(1)'])(
    'never leads to %s',
    async (to) => {
      expect((await start({ provider: 'github', callbackURL: to })).status).toBe(400)
    },
  )

  it('refuses a callback without its state, and unknown providers', async () => {
    const callback = await world().request('/api/auth/callback/github?code=x&state=forged')
    expect(callback.headers.getSetCookie().join()).not.toContain('pilot=')
    expect((await world().request('/api/auth/callback/google?code=x')).status).toBe(404)
    expect((await start({ provider: 'google' })).status).toBe(401)
  })
})

describe("better-auth's own routes", () => {
  it.each([
    '/api/auth/sign-up/email',
    '/api/auth/update-user',
    '/api/auth/admin/impersonate-user',
    '/api/auth/get-session',
    '/api/auth/sign-in/social',
  ])('%s is not reachable', async (path) => {
    const world = makeWorld()
    const ann = await world.signIn('ann@example.test')
    expect((await ann.rest('POST', path, { email: 'a@b.test', password: 'x', name: 'x' })).status).toBe(404)
  })
})

describe('impersonation', () => {
  async function cast() {
    const world = makeWorld()
    const { token } = await link(world)
    const admin = world.person(await redeem(world, token))
    const { owner, instance, organization } = await world.tenant('bob')
    const bob = (await owner.call('user', 'session', 'query')).user
    if (!bob) throw new Error('not signed in')
    return { world, admin, bob, instance, organization }
  }

  it('is audited with both identities, sees what the user sees, and ends where it began', async () => {
    const { world, admin, bob, organization, instance } = await cast()
    await admin.call('admin', 'impersonate', 'mutation', { user_id: bob.id, reason: 'a support case' })
    const seen = await admin.call('user', 'session', 'query')
    expect(seen.user?.id).toBe(bob.id)
    expect(seen.impersonated_by).not.toBeNull()
    await admin.call('organization', 'rename', 'mutation', { organization_slug: organization.slug, name: 'Renamed' })
    const rows = await world.app.db.select().from(schema.audit_log)
    const rename = rows.find((row) => row.action === 'organization.rename')
    expect(rename).toMatchObject({ actor_user_id: bob.id, impersonator_id: seen.impersonated_by })
    expect(rows.find((row) => row.action === 'admin.impersonate')?.detail).toEqual({ reason: 'a support case' })
    await expect(admin.call('admin', 'list_procedures', 'query')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(
      admin.call('model', 'set', 'mutation', { instance_id: instance.id, provider: 'openai', api_key: 'k' }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const sessions = await world.app.db.select().from(schema.session)
    const acting = sessions.find((row) => row.impersonated_by !== null)
    await admin.call('admin', 'stop_impersonating', 'mutation')
    expect(world.hub.closedSessions).toContain(acting?.id)
    expect((await admin.call('user', 'session', 'query')).user?.role).toBe('admin')
  })

  it('reads from the machine, and has no agent do anything', async () => {
    const { world, admin, bob } = await cast()
    const [workspace] = await world.app.db.select().from(schema.workspace)
    await admin.call('admin', 'impersonate', 'mutation', { user_id: bob.id, reason: 'a support case' })
    const path = `/api/chamber/workspaces/${workspace?.slug}`
    expect((await admin.send(`${path}/health`)).status).toBe(200)
    const headers = { 'content-type': 'application/json' }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const init = { method, headers, body: '{}' }
      const refused = await admin.send(`${path}/sessions/${newId('agent_session')}/commands`, init)
      expect([method, refused.status, await refused.json()]).toMatchObject([
        method,
        403,
        { error: { code: 'FORBIDDEN' } },
      ])
    }
    expect(world.hub.tunnelled).toHaveLength(1)
  })

  it('lasts an hour at most', async () => {
    const { world, admin, bob } = await cast()
    await admin.call('admin', 'impersonate', 'mutation', { user_id: bob.id, reason: 'a support case' })
    const rows = await world.app.db.select().from(schema.session)
    const made = rows.find((row) => row.impersonated_by !== null)
    const life = (made?.expires_at.getTime() ?? 0) - (made?.created_at.getTime() ?? 0)
    expect(life).toBeGreaterThan(0)
    expect(life).toBeLessThanOrEqual(3_601_000)
  })

  it('never of another platform admin, nor by anybody else', async () => {
    const { world, admin, bob } = await cast()
    const second = await world.signIn('second@example.test')
    const user = (await second.call('user', 'session', 'query')).user
    if (!user) throw new Error('not signed in')
    await expect(
      second.call('admin', 'impersonate', 'mutation', { user_id: bob.id, reason: 'curious' }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await world.app.db.update(schema.user).set({ role: 'admin' })
    await expect(
      admin.call('admin', 'impersonate', 'mutation', { user_id: user.id, reason: 'curious' }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('lists and calls procedures under their own policies', async () => {
    const { admin, organization } = await cast()
    const listed = await admin.call('admin', 'list_procedures', 'query')
    expect(listed.find((row) => row.path === 'machine.delete')).toMatchObject({
      type: 'mutation',
      policy: 'machine:admin',
    })
    const mine = await admin.call('admin', 'call_procedure', 'mutation', { path: 'organization.list', input: {} })
    expect(mine.result).toEqual([])
    for (const [path, code] of [
      ['organization.get', 'ORGANIZATION_NOT_FOUND'],
      ['nothing.here', 'NOT_FOUND'],
      ['constructor.name', 'NOT_FOUND'],
    ] as const)
      await expect(
        admin.call('admin', 'call_procedure', 'mutation', { path, input: { organization_slug: organization.slug } }),
      ).rejects.toMatchObject({ code })
  })
})
