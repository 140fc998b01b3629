import { mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ERROR_CODES, ErrorBodySchema } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMockAdapter } from './adapter/mock-adapter.ts'
import type { RouteEnv } from './app/env.ts'
import { type BackendApp, createBackendApp } from './app.ts'
import { createChamber } from './chamber/chamber.ts'
import { createEventRing } from './chamber/event-ring.ts'
import { CHAMBER_ROUTES, matchChamberRoute } from './chamber/route-table.ts'
import { inspectRepository } from './git/repository.ts'
import { makeRepository, temporaryDirectory, testGit } from './git/testing.ts'
import { createSettingsStore } from './settings/settings.ts'
import { createWorkspaceRegistry } from './workspaces/registry.ts'
import { createWorkspaceStore } from './workspaces/store.ts'

const git = testGit()
const mine = newId('workspace')
const theirs = newId('workspace')
const actor = { user_id: newId('user'), role: 'member' as const }
const context = { workspace_id: mine, generation: 1, actor, request_id: 'req_test_0001' }
const sessions = { mine: newId('agent_session'), other: newId('agent_session'), theirs: newId('agent_session') }
/** Ids of OpenCode by owner. */
const owners: Record<string, { session_id: (typeof sessions)['mine']; workspace_id: typeof mine }> = {
  ses_mine: { session_id: sessions.mine, workspace_id: mine },
  msg_mine: { session_id: sessions.mine, workspace_id: mine },
  per_mine: { session_id: sessions.mine, workspace_id: mine },
  que_mine: { session_id: sessions.mine, workspace_id: mine },
  msg_other: { session_id: sessions.other, workspace_id: mine },
  ses_theirs: { session_id: sessions.theirs, workspace_id: theirs },
  msg_theirs: { session_id: sessions.theirs, workspace_id: theirs },
  per_theirs: { session_id: sessions.theirs, workspace_id: theirs },
  que_theirs: { session_id: sessions.theirs, workspace_id: theirs },
}

let base: string
let remove: () => Promise<void>
let app: BackendApp
let adapter: ReturnType<typeof createMockAdapter>
let ring: ReturnType<typeof createEventRing>
let answer: (() => Response) | undefined
let logged: string[]

const summary = (id: (typeof sessions)['mine'], more: Partial<AgentSummary>): AgentSummary => ({
  agent_session_id: id,
  workspace_id: mine,
  epoch: 'e',
  seq: 1,
  status: 'idle',
  attention: 'none',
  title: '',
  activity: '',
  branch: null,
  additions: 0,
  deletions: 0,
  agent: 'opencode',
  external_id: null,
  parent_id: null,
  created_by: null,
  created_at: '',
  last_activity_at: '',
  archived_at: null,
  deleted: false,
  ...more,
})

beforeEach(async () => {
  const directory = await temporaryDirectory()
  remove = directory.remove
  base = directory.path
  for (const name of ['root', 'wt-mine', 'wt-other', 'wt-theirs', 'home']) await mkdir(join(base, name))
  await makeRepository(git, join(base, 'root'), { 'a.txt': 'a' })
  answer = undefined
  logged = []
  ring = createEventRing('boot')
  adapter = createMockAdapter({
    identity: { runtimeId: 'rt_x', runtimeLabel: 'laptop', platform: 'runtime', version: '0.1.0' },
    engine: { health: () => ({ status: 'idle', version: null }) },
    now: () => new Date('2026-01-01T00:00:00Z'),
    answer: (call) => (answer ? answer() : Response.json({ target: call.target })),
  })
  const db = openNodeSqlite()
  const registry = createWorkspaceRegistry({
    home: join(base, 'home'),
    git,
    store: createWorkspaceStore(db),
    now: () => new Date(),
    beforeRemove: async () => undefined,
    onGone: () => undefined,
  })
  const order = { instance_id: newId('instance'), name: 'w', type: 'local' as const, generation: 1 }
  await registry.applyWelcome([
    { ...order, workspace_id: mine, slug: 'mine', config: { directory: join(base, 'root') } },
    { ...order, workspace_id: theirs, slug: 'theirs', config: { directory: join(base, 'missing') } },
  ])
  const directories: Record<string, string> = {
    [sessions.mine]: join(base, 'wt-mine'),
    [sessions.other]: join(base, 'wt-other'),
    [sessions.theirs]: join(base, 'wt-theirs'),
  }
  const summaries = (workspaceId: string) =>
    workspaceId === mine
      ? [
          summary(sessions.mine, { external_id: 'ses_mine', status: 'waiting', attention: 'permission' }),
          summary(sessions.other, { external_id: 'ses_other' }),
        ]
      : [summary(sessions.theirs, { external_id: 'ses_theirs', status: 'busy' })]
  const sessionRoutes = new Hono<RouteEnv>()
  sessionRoutes.get('/sessions/:id', (c) => c.json({ id: c.req.param('id'), user: c.var.ctx.actor.user_id }))
  sessionRoutes.get('/sessions/:id/crash', () => {
    throw new Error('secret path /root/.ssh')
  })
  sessionRoutes.get('/sessions/:id/full', () => {
    throw new Error('outer', { cause: Object.assign(new Error('no'), { code: 'SQLITE_FULL' }) })
  })
  app = createBackendApp({
    adapter,
    registry,
    inspect: (root) => inspectRepository(git, root),
    worktrees: () => 2,
    summaries,
    model: () => ({ current: { provider: 'demo', model: 'demo', label: 'Demo', demo: true }, key_source: 'none' }),
    settings: createSettingsStore(db),
    sessions: sessionRoutes,
    log: (message) => logged.push(message),
    chamber: createChamber({
      adapter,
      ring,
      root: (id) => registry.get(id)?.root_path ?? null,
      ownership: {
        owner: (_kind, id) => owners[id] ?? null,
        directory: (id) => directories[id] ?? null,
        holds: (workspaceId, path) => workspaceId === mine && /root$|wt-(mine|other)$/.test(path),
        summaries,
      },
    }),
  })
})
afterEach(() => remove())

const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  app.fetch(
    new Request(`http://workspace${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    }),
    context,
  )

async function expectError(response: Response, code: keyof typeof ERROR_CODES): Promise<void> {
  const { error } = ErrorBodySchema.parse(await response.json())
  expect(error.code).toBe(code)
  expect(error.request_id).toBe(context.request_id)
  expect(response.status).toBe(ERROR_CODES[code].status)
}

describe('native routes', () => {
  test('tell what the runtime is and can do', async () => {
    expect(await (await ask('GET', '/capabilities')).json()).toMatchObject({
      capabilities: { opencode: true, sessions: true, fs: false, git: false, terminal: false },
      runtime: { id: 'rt_x', label: 'laptop', platform: 'runtime' },
    })
    expect(await (await ask('GET', '/health')).json()).toMatchObject({
      backend: { status: 'ok' },
      engine: { status: 'idle' },
    })
    expect(await (await ask('GET', '/model')).json()).toMatchObject({ key_source: 'none' })
    expect(await (await ask('GET', '/workspace')).json()).toMatchObject({
      root_name: 'root',
      repository: true,
      branch: 'main',
      worktrees: 2,
      problem: null,
    })
    const other = await app.fetch(new Request('http://workspace/workspace'), { ...context, workspace_id: theirs })
    expect(await other.json()).toMatchObject({ problem: { code: 'WORKSPACE_ROOT_INVALID' } })
    expect(await (await ask('GET', '/session-activity')).json()).toMatchObject({
      sessions: [{ status: 'waiting' }, {}],
    })
  })

  test('a repository without a commit is a problem to solve before the first session', async () => {
    await rm(join(base, 'root', '.git'), { recursive: true })
    await git.text(['init', '--quiet'], { cwd: join(base, 'root') })
    expect(await (await ask('GET', '/workspace')).json()).toMatchObject({
      repository: true,
      head: null,
      problem: { code: 'WORKSPACE_ROOT_INVALID', message: expect.stringContaining('make a first commit') },
    })
  })

  test('settings are versioned per workspace', async () => {
    expect(await (await ask('GET', '/config/settings')).json()).toEqual({ version: 0, value: {} })
    const put = (version: number, value: unknown) => ask('PUT', '/config/settings', { version, value })
    await expectError(await put(3, {}), 'CONFLICT')
    expect(await (await put(0, { theme: 'dark' })).json()).toEqual({ version: 1, value: { theme: 'dark' } })
    await expectError(await put(0, { theme: 'light' }), 'CONFLICT')
    expect(await (await put(1, { theme: 'light' })).json()).toEqual({ version: 2, value: { theme: 'light' } })
    await expectError(await put(2, ['no']), 'VALIDATION_FAILED')
    await expectError(await ask('PUT', '/config/settings', '{'), 'VALIDATION_FAILED')
    await expectError(await put(2, { big: 'x'.repeat(70_000) }), 'PAYLOAD_TOO_LARGE')
    const other = await app.fetch(new Request('http://workspace/config/settings'), { ...context, workspace_id: theirs })
    expect(await other.json()).toEqual({ version: 0, value: {} })
  })

  test('fencing comes first, and errors have one shape without details of the machine', async () => {
    const as = (change: Partial<typeof context>) =>
      app.fetch(new Request('http://workspace/health'), { ...context, ...change })
    await expectError(await as({ generation: 0 }), 'STALE_GENERATION')
    await expectError(await as({ generation: 2 }), 'WORKSPACE_NOT_READY')
    await expectError(await as({ workspace_id: newId('workspace') }), 'WORKSPACE_NOT_FOUND')
    const crash = await ask('GET', '/sessions/x/crash')
    expect(await crash.clone().text()).not.toContain('ssh')
    await expectError(crash, 'INTERNAL')
    expect(logged).toHaveLength(1)
    await expectError(await ask('GET', '/sessions/x/full'), 'STORAGE_FULL')
    for (const path of [
      '/terminal',
      '/fs/read?path=x',
      '/git/status',
      '/github/pulls',
      '/mgmt/disk',
      '/push/subscribe',
    ]) {
      await expectError(await ask('GET', path), 'CAPABILITY_UNSUPPORTED')
    }
    expect(await (await ask('GET', '/sessions/abc')).json()).toEqual({ id: 'abc', user: actor.user_id })
  })
})

const BODIES = {
  prompt: { parts: [{ type: 'text', text: 'hello' }] },
  permission: { reply: 'once' },
  'legacy-permission': { response: 'once' },
  question: { answers: [['yes']] },
}
const fill = (path: string, owner: 'mine' | 'theirs') =>
  path.replace(/:([a-z]+)/g, (_, name: string) => `${name.slice(0, 3)}_${owner}`.replace('mes_', 'msg_'))

describe('the allow-list of OpenCode routes', () => {
  const proxied = CHAMBER_ROUTES.filter((route) => route.answer === 'pass')

  test.each(proxied)('$method $path goes to the session’s own directory', async (route) => {
    const body = route.body ? BODIES[route.body] : undefined
    const smuggled = {
      'x-opencode-directory': '/etc',
      cookie: 'a=b',
      authorization: 'Bearer x',
      'x-forwarded-for': '1',
    }
    const response = await ask(route.method, `${fill(route.path, 'mine')}?evil=1`, body, smuggled)
    expect(response.status).toBe(200)
    expect(adapter.calls).toHaveLength(1)
    const [call] = adapter.calls
    const target = new URL(call?.target ?? '', 'http://opencode')
    expect(target.pathname).toBe(fill(route.path, 'mine'))
    expect([...target.searchParams]).toEqual([['directory', join(base, 'wt-mine')]])
    expect(Object.keys(call?.headers ?? {}).toSorted()).toEqual(route.body ? ['accept', 'content-type'] : ['accept'])
  })

  test.each(CHAMBER_ROUTES.filter((route) => route.path.includes(':')))(
    '$method $path of another workspace does not exist',
    async (route) => {
      const body = route.body ? BODIES[route.body] : undefined
      await expectError(await ask(route.method, fill(route.path, 'theirs'), body), 'NOT_FOUND')
      await expectError(
        await ask(route.method, fill(route.path, 'mine').replaceAll('_mine', '_nobody'), body),
        'NOT_FOUND',
      )
      if (/:session.*:/.test(route.path)) {
        // One's own session with somebody else's message, and with a message of another session.
        const own = fill(route.path, 'mine')
        await expectError(await ask(route.method, own.replace(/(msg|per)_mine/, '$1_theirs'), body), 'NOT_FOUND')
        await expectError(await ask(route.method, own.replace(/(msg|per)_mine/, 'msg_other'), body), 'NOT_FOUND')
      }
      expect(adapter.calls).toEqual([])
    },
  )

  test('everything else of OpenCode is ours to refuse', async () => {
    const refused = [
      ['GET', '/config'],
      ['PATCH', '/config'],
      ['GET', '/config/providers'],
      ['GET', '/provider'],
      ['PUT', '/auth/anthropic'],
      ['POST', '/session'],
      ['DELETE', '/session/ses_mine'],
      ['PATCH', '/session/ses_mine'],
      ['POST', '/session/ses_mine/shell'],
      ['POST', '/session/ses_mine/share'],
      ['GET', '/session/ses_mine/'],
      ['GET', '//session/ses_mine'],
      ['GET', '/session/ses_mine%2f..%2fses_theirs'],
      ['GET', '/session/..%2fconfig'],
      ['GET', '/SESSION'],
      ['GET', '/session/ses_mine/message/msg_mine/extra'],
      ['GET', '/file/content?path=passwd'],
      ['GET', '/pty'],
      ['GET', '/find?pattern=x'],
      ['GET', '/project'],
      ['POST', '/instance/dispose'],
      ['POST', '/global/dispose'],
      ['GET', '/global/config'],
      ['GET', '/experimental/session'],
      ['GET', '/api/session'],
      ['GET', '/doc'],
      ['GET', '/'],
      ['GET', '/constructor'],
      ['GET', '/toString'],
    ] as const
    for (const [method, path] of refused) {
      const response = await ask(method, path)
      expect([404, 501], `${method} ${path}`).toContain(response.status)
    }
    expect(adapter.calls).toEqual([])
    expect(matchChamberRoute('GET', '/sessions')).toBeNull()
    expect(matchChamberRoute('GET', '/session/status')?.route.answer).toBe('status')
  })

  test('a directory of the client is taken only when it is one of the workspace’s', async () => {
    await symlink(join(base, 'wt-mine'), join(base, 'alias'))
    const at = (directory: string) => ask('GET', `/session/ses_mine?directory=${encodeURIComponent(directory)}`)
    for (const directory of [join(base, 'root'), join(base, 'wt-mine'), join(base, 'alias'), join(base, 'root/.')]) {
      expect((await at(directory)).status, directory).toBe(200)
    }
    // The session's own directory is used all the same.
    for (const call of adapter.calls) expect(call.target).toContain(encodeURIComponent(join(base, 'wt-mine')))
    const calls = adapter.calls.length
    const refused = ['/etc', '/', join(base, 'wt-theirs'), join(base, 'root/..'), 'root', '', join(base, 'none'), '/\0']
    for (const directory of refused) await expectError(await at(directory), 'PATH_OUTSIDE_WORKSPACE')
    const twice = `/session/ses_mine?directory=${join(base, 'root')}&directory=/etc`
    await expectError(await ask('GET', twice), 'PATH_OUTSIDE_WORKSPACE')
    expect(adapter.calls).toHaveLength(calls)
  })

  test('lists hold only what the workspace owns', async () => {
    answer = () => Response.json([{ id: 'ses_mine' }, { id: 'ses_theirs' }, { id: 'ses_nobody' }])
    expect(await (await ask('GET', '/session?limit=5&scope=x')).json()).toEqual([{ id: 'ses_mine' }])
    const root = encodeURIComponent(join(base, 'root'))
    expect(adapter.calls[0]?.target).toBe(`/session?directory=${root}&limit=5&scope=project`)
    expect(await (await ask('GET', '/session/ses_mine/children')).json()).toEqual([{ id: 'ses_mine' }])
    answer = () =>
      Response.json([
        { id: 'per_1', sessionID: 'ses_mine' },
        { id: 'per_2', sessionID: 'ses_theirs' },
      ])
    for (const path of ['/permission', '/question']) {
      expect(await (await ask('GET', path)).json()).toEqual([{ id: 'per_1', sessionID: 'ses_mine' }])
    }
    expect(await (await ask('GET', '/session/status')).json()).toEqual({ ses_mine: { type: 'busy' } })
  })

  test('bodies are cut down to what is safe', async () => {
    const prompt = (body: unknown) => ask('POST', '/session/ses_mine/prompt_async', body)
    await prompt({ ...BODIES.prompt, system: 'evil', tools: { bash: true }, model: { providerID: 'opencode' } })
    expect(JSON.parse(adapter.calls[0]?.body ?? '')).toEqual(BODIES.prompt)
    for (const body of [
      { parts: [{ type: 'file', mime: 'text/plain', url: 'file:///etc/passwd' }] },
      { parts: [] },
      { parts: [{ type: 'text', text: '' }] },
      { ...BODIES.prompt, messageID: '../x' },
      'not json',
    ]) {
      await expectError(await prompt(body), 'VALIDATION_FAILED')
    }
    // A text sent to a message that exists would be added to it.
    for (const messageID of ['msg_theirs', 'msg_other']) {
      await expectError(await prompt({ ...BODIES.prompt, messageID }), 'NOT_FOUND')
    }
    await expectError(await prompt({ parts: [{ type: 'text', text: 'x'.repeat(1_100_000) }] }), 'PAYLOAD_TOO_LARGE')
    expect(adapter.calls).toHaveLength(1)
  })
})

describe('event streams', () => {
  const event = (directory: string, text: string, type = 'message.updated') =>
    ring.push({ directory: join(base, directory), payload: { type, properties: { text } } })

  async function read(response: Response, until: string): Promise<string> {
    const reader = response.body?.getReader()
    const decoder = new TextDecoder()
    let text = ''
    while (reader && !text.includes(until)) {
      const { done, value } = await reader.read()
      if (done) break
      text += decoder.decode(value, { stream: true })
    }
    await reader?.cancel()
    return text
  }

  test('hold only the directories of the workspace, and go on after the last id', async () => {
    event('wt-mine', 'before')
    const stream = await ask('GET', '/event')
    expect(stream.headers.get('content-type')).toBe('text/event-stream')
    event('wt-theirs', 'secret')
    event('wt-mine', 'one')
    event('wt-mine', 'copy', 'sync')
    event('root', 'two')
    const text = await read(stream, 'two')
    expect(text).toContain('server.connected')
    expect(text).toContain('"one"')
    expect(text).not.toMatch(/secret|before|copy/)
    expect(text).not.toContain('"directory"')

    const lastId = /id: (\S+)\ndata: .*"one"/.exec(text)?.[1] ?? ''
    expect(lastId).toBe('boot-3')
    const resumed = await ask('GET', '/global/event', undefined, { 'last-event-id': lastId })
    event('wt-other', 'three')
    const more = await read(resumed, 'three')
    expect(more).toContain('copy')
    expect(more).toContain('two')
    expect(more).toContain(JSON.stringify(join(base, 'root')))
    expect(more).not.toMatch(/secret|"one"/)

    const narrow = await ask('GET', `/event?directory=${join(base, 'root')}`, undefined, { 'last-event-id': 'boot-0' })
    const part = await read(narrow, 'two')
    expect(part).not.toMatch(/"one"|three/)
  })

  test('a ring keeps 1,000 events per directory and says when it cannot resume', () => {
    for (let n = 0; n < 1_500; n++) event('wt-mine', String(n))
    event('root', 'r')
    const mineOnly = (path: string) => path.endsWith('wt-mine')
    expect(ring.after('boot-499', mineOnly)).toBeNull()
    expect(ring.after('boot-500', mineOnly)).toHaveLength(1_000)
    expect(ring.after('boot-0', (path) => path.endsWith('root'))).toHaveLength(1)
    expect(ring.after('boot-9999', mineOnly)).toBeNull()
    expect(ring.after('other-1', mineOnly)).toBeNull()
    expect(ring.after('garbage', mineOnly)).toBeNull()
    for (let n = 0; n < 80; n++) event(`many-${n}`, 'x')
    expect(ring.after('boot-1400', mineOnly)).toBeNull()
  })

  test('a stream ends with its request', async () => {
    const controller = new AbortController()
    const request = new Request('http://workspace/event', { signal: controller.signal })
    const response = await app.fetch(request, context)
    const reader = response.body?.getReader()
    await reader?.read()
    controller.abort()
    expect((await reader?.read())?.done).toBe(true)
  })
})
