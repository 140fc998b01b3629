import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { schema } from '../database.ts'
import { cookiesOf, makeWorld, ORIGIN, type World } from '../testing/world.ts'
import { providersFromEnv } from './providers.ts'

const browser = { origin: ORIGIN, 'x-pilot-csrf': '1', 'content-type': 'application/json' }

/** A provider on this computer: codes are good once, and only for whoever began the sign-in. */
const provider = {
  profile: {} as Record<string, unknown>,
  token: 200 as number,
  tokenBody: null as string | null,
  codes: new Map<string, string>(),
  seen: [] as string[],
}
let server: Server
let url: string
let world: World

beforeEach(async () => {
  Object.assign(provider, { token: 200, tokenBody: null, codes: new Map(), seen: [] })
  provider.profile = { sub: '42', id: '42', email: 'ann@example.test', email_verified: true, name: 'Ann' }
  server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    let body = ''
    for await (const chunk of request) body += chunk
    provider.seen.push(pathname)
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (pathname === '/authorize') {
      const code = `code-${provider.codes.size}`
      provider.codes.set(code, searchParams.get('code_challenge') ?? '')
      const back = new URL(searchParams.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({ code, state: searchParams.get('state') ?? '' }).toString()
      response.writeHead(302, { location: back.href }).end()
    } else if (pathname === '/token') {
      if (provider.tokenBody !== null) return void response.writeHead(provider.token).end(provider.tokenBody)
      const form = new URLSearchParams(body)
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url')
      const code = form.get('code') ?? ''
      const fine = provider.codes.get(code) === challenge && form.get('client_secret') === 'provider-secret'
      provider.codes.delete(code)
      if (fine) json(200, { access_token: 'provider-access', token_type: 'bearer', expires_in: 3_600 })
      else json(400, { error: 'invalid_grant' })
    } else if (pathname === '/user' && request.headers.authorization === 'Bearer provider-access') {
      json(200, provider.profile)
    } else json(404, {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  world = makeWorld({
    providers: providersFromEnv({
      PILOT_GITHUB_CLIENT_ID: 'client',
      PILOT_GITHUB_CLIENT_SECRET: 'provider-secret',
      PILOT_GITHUB_AUTHORIZATION_URL: `${url}/authorize`,
      PILOT_GITHUB_TOKEN_URL: `${url}/token`,
      PILOT_GITHUB_USER_INFO_URL: `${url}/user`,
    }),
  })
})
afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())))

/** Begins as the sign-in page does, and lets the provider answer; the last step is left to the test. */
async function begin() {
  const started = await world.request('/api/auth/sign-in/social', {
    method: 'POST',
    headers: browser,
    body: JSON.stringify({ provider: 'github', callbackURL: '/acme' }),
  })
  const { url: to } = (await started.json()) as { url: string }
  const sent = await fetch(to, { redirect: 'manual' })
  const back = new URL(sent.headers.get('location') ?? '')
  return { cookie: cookiesOf(started), path: back.pathname + back.search }
}
const finish = ({ path, cookie }: { path: string; cookie: string }) => world.request(path, { headers: { cookie } })
const sessions = () => world.app.db.select().from(schema.session)

describe('sign-in by a provider', () => {
  it('makes a user once, signs in, and leads to where it was asked for', async () => {
    for (let round = 0; round < 2; round++) {
      const done = await finish(await begin())
      expect(done.status).toBe(302)
      expect(new URL(done.headers.get('location') ?? '', ORIGIN).href).toBe(`${ORIGIN}/acme`)
      const session = done.headers.getSetCookie().find((line) => line.startsWith('pilot='))
      expect(session).toMatch(/HttpOnly; SameSite=Strict/i)
      const me = await world.person(done).call('user', 'session', 'query')
      expect(me.user).toMatchObject({ email: 'ann@example.test', name: 'Ann', role: 'user' })
    }
    expect(await world.app.db.select().from(schema.user)).toHaveLength(1)
    const rows = await world.app.db.select().from(schema.account)
    expect(rows).toMatchObject([{ provider_id: 'github', account_id: '42' }])
    expect(JSON.stringify(rows)).not.toContain('provider-access')
  })

  it('takes an answer once, and only in the browser that asked', async () => {
    const asked = await begin()
    const elsewhere = await finish({ ...asked, cookie: '' })
    expect(elsewhere.headers.getSetCookie().join()).not.toContain('pilot=')
    expect(await sessions()).toHaveLength(0)
    const own = await begin()
    expect((await finish(own)).status).toBe(302)
    const again = await finish(own)
    expect(again.headers.getSetCookie().join()).not.toContain('pilot=')
    expect(await sessions()).toHaveLength(1)
  })

  it('never takes over a user by an address that the provider has not verified', async () => {
    await world.signIn('ann@example.test')
    provider.profile = { ...provider.profile, email_verified: false }
    const done = await finish(await begin())
    expect(done.headers.getSetCookie().join()).not.toContain('pilot=')
    expect(await world.app.db.select().from(schema.account)).toHaveLength(0)
    expect(await sessions()).toHaveLength(1)
  })

  it.each([
    ['an error', 500, '{"error":"server_error"}'],
    ['garbage', 200, '<html>'],
    ['nothing', 200, ''],
  ])('ends without a session when the provider answers with %s', async (_, status, body) => {
    Object.assign(provider, { token: status, tokenBody: body })
    const done = await finish(await begin())
    expect(done.headers.getSetCookie().join()).not.toContain('pilot=')
    expect(done.headers.get('location')).toMatch(new RegExp(`^${ORIGIN}/login\\?error=`))
    const text = await done.text()
    expect(text + (done.headers.get('location') ?? '')).not.toMatch(/provider-secret|node_modules|\bat \//)
    expect(await sessions()).toHaveLength(0)
  })

  it('ends without a session when the provider is unreachable', async () => {
    const asked = await begin()
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
    const done = await finish(asked)
    expect(done.headers.getSetCookie().join()).not.toContain('pilot=')
    expect(await sessions()).toHaveLength(0)
    server = createServer().listen(0)
  })

  it('says so when the person refused', async () => {
    const asked = await begin()
    const state = new URLSearchParams(asked.path.split('?')[1]).get('state') ?? ''
    const path = `/api/auth/callback/github?${new URLSearchParams({ error: 'access_denied', state })}`
    const done = await finish({ path, cookie: asked.cookie })
    expect([done.status < 500, await sessions()]).toEqual([true, []])
  })
})
