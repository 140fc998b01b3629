import { errorBody } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { MAX_PROMPT_CHARS } from '@pilot/protocol/agent/command'
import { SessionSnapshotSchema } from '@pilot/protocol/agent/event'
import { AgentSessionSchema } from '@pilot/protocol/agent/model'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { MAX_BEHIND } from './event-stream.ts'
import type { RequestContext } from './ports.ts'
import { sessionRoutes } from './routes.ts'
import type { SessionId } from './store/rows.ts'
import { createHarness } from './testing/harness.ts'

function serve() {
  const h = createHarness()
  const ctx: RequestContext = { workspace_id: h.workspace, generation: 1, actor: h.actor, request_id: 'req_test0001' }
  const app = new Hono<{ Variables: { ctx: RequestContext } }>()
  app.use(async (c, next) => {
    c.set('ctx', ctx)
    await next()
  })
  app.route('/', sessionRoutes(h.service, h.clock))
  app.onError((error) => {
    const { status, body } = errorBody(error, ctx.request_id)
    return Response.json(body, { status })
  })
  const call = async (method: string, path: string, body?: unknown) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array
    const init = body === undefined ? { method } : { method, body: raw ? body : JSON.stringify(body) }
    const response = await app.request(path, init as RequestInit)
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : (JSON.parse(text) as Record<string, unknown>) }
  }
  const error = async (method: string, path: string, body?: unknown) => {
    const answer = await call(method, path, body)
    return [answer.status, (answer.body as { error?: { code: string } } | null)?.error?.code]
  }
  return { h, app, ctx, call, error }
}

function textReader(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  return {
    async read() {
      const { done, value } = await reader.read()
      return { done, value: decoder.decode(value, { stream: !done }) }
    },
    cancel: () => reader.cancel(),
  }
}

/** Reads server-sent events until there are `count` of them. */
async function readEvents(response: Response, count: number) {
  const reader = textReader(response)
  let text = ''
  const events = () =>
    text
      .split('\n\n')
      .slice(0, -1)
      .filter((block) => !block.startsWith(':'))
  while (events().length < count) {
    const { done, value } = await reader.read()
    if (done) break
    text += value
  }
  await reader.cancel()
  return events().map((block) => {
    const field = (name: string) =>
      block
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2)
    return { id: field('id'), event: field('event'), data: JSON.parse(field('data') ?? 'null') }
  })
}

describe('session routes', () => {
  it('make, change, prompt, show and delete a session', async () => {
    const { h, call, error } = serve()
    const id = newId('agent_session')
    const created = await call('POST', '/sessions', { id, title: ' Mine ' })
    expect(created.status).toBe(201)
    expect(AgentSessionSchema.parse(created.body)).toMatchObject({ id, title: 'Mine', status: 'idle' })
    expect((await call('POST', '/sessions', { id, title: ' Mine ' })).status).toBe(200)
    expect((await call('PATCH', `/sessions/${id}`, { title: 'Better' })).body).toMatchObject({ title: 'Better' })
    const command = newId('command')
    const request = { id: command, session_id: id, kind: 'prompt', text: 'hello' }
    const accepted = await call('POST', `/sessions/${id}/commands`, request)
    expect([accepted.status, accepted.body?.state]).toEqual([202, 'accepted'])
    await h.settle()
    h.engine.answer(h.engine.external(id), 'hi')
    expect((await call('GET', `/sessions/${id}/commands/${command}`)).body).toMatchObject({ state: 'done' })
    const snapshot = SessionSnapshotSchema.parse((await call('GET', `/sessions/${id}/snapshot`)).body)
    expect(snapshot.messages.map((message) => message.role)).toEqual(['user', 'assistant'])
    expect((await call('GET', `/sessions/${id}/diff?path=a.ts`)).body).toEqual({
      base: 'abc',
      files: [],
      truncated: false,
    })
    expect(await call('DELETE', `/sessions/${id}?force=1`)).toEqual({ status: 204, body: null })
    expect(await error('GET', `/sessions/${id}/snapshot`)).toEqual([404, 'SESSION_NOT_FOUND'])
  })

  it('show nothing of another workspace', async () => {
    const { h, ctx, error } = serve()
    const { id } = await h.newSession()
    const { id: command } = h.prompt(id, 'secret')
    await h.settle()
    ctx.workspace_id = newId('workspace')
    const prompt = { id: newId('command'), session_id: id, kind: 'prompt', text: 'x' }
    for (const [method, path, body] of [
      ['PATCH', '', { title: 'x' }],
      ['DELETE', '?force=1'],
      ['POST', '/commands', prompt],
      ['GET', `/commands/${command}`],
      ['GET', '/snapshot'],
      ['GET', '/events'],
      ['GET', '/diff'],
      ['GET', '/parts/p/output'],
    ] as const)
      expect(await error(method, `/sessions/${id}${path}`, body), path).toEqual([404, 'SESSION_NOT_FOUND'])
    const own = await h.service.create(ctx.workspace_id, h.actor, { id: newId('agent_session') })
    const replay = { id: command, session_id: own.session.id, kind: 'prompt', text: 'secret' }
    expect(await error('POST', `/sessions/${own.session.id}/commands`, replay)).toEqual([409, 'CONFLICT'])
  })

  it('refuse bad input with a stable code', async () => {
    const { h, error } = serve()
    const { id } = await h.newSession()
    const path = `/sessions/${id}/commands`
    const prompt = { id: newId('command'), session_id: id, kind: 'prompt', text: 'x' }
    const cases: [unknown, number, string][] = [
      ['{broken', 400, 'VALIDATION_FAILED'],
      [new Uint8Array([0x22, 0xff, 0x22]), 400, 'VALIDATION_FAILED'],
      ['', 400, 'VALIDATION_FAILED'],
      [{ ...prompt, extra: 1 }, 400, 'VALIDATION_FAILED'],
      [`{"__proto__":{"x":1},${JSON.stringify(prompt).slice(1)}`, 400, 'VALIDATION_FAILED'],
      [{ ...prompt, text: 5 }, 400, 'VALIDATION_FAILED'],
      [{ ...prompt, text: '  ' }, 400, 'VALIDATION_FAILED'],
      [{ ...prompt, id: id }, 400, 'VALIDATION_FAILED'],
      [{ ...prompt, kind: 'delete' }, 400, 'VALIDATION_FAILED'],
      [JSON.stringify({ ...prompt, text: 'PLACE' }).replace('PLACE', '\\ud800'), 400, 'VALIDATION_FAILED'],
      [{ ...prompt, text: 'x'.repeat(MAX_PROMPT_CHARS + 1) }, 413, 'PAYLOAD_TOO_LARGE'],
      [{ ...prompt, text: 'x'.repeat(3_000_000) }, 413, 'PAYLOAD_TOO_LARGE'],
      [{ ...prompt, session_id: newId('agent_session') }, 409, 'CONFLICT'],
      [
        { id: newId('command'), session_id: id, kind: 'permission', permission_id: 'x', reply: 'once' },
        404,
        'NOT_FOUND',
      ],
    ]
    for (const [body, status, code] of cases) expect(await error('POST', path, body)).toEqual([status, code])
    expect(await error('POST', '/sessions', { id, title: '\uD800' })).toEqual([400, 'VALIDATION_FAILED'])
    expect(await error('GET', '/sessions/nonsense/snapshot')).toEqual([404, 'SESSION_NOT_FOUND'])
    expect(await error('GET', `/sessions/${id}/commands/nonsense`)).toEqual([404, 'COMMAND_NOT_FOUND'])
    expect(await error('GET', `/sessions/${id}/snapshot?limit=0`)).toEqual([400, 'VALIDATION_FAILED'])
    expect(await error('GET', `/sessions/${id}/snapshot?before=gone`)).toEqual([404, 'NOT_FOUND'])
    expect(await error('GET', `/sessions/${id}/events?after=-1`)).toEqual([400, 'VALIDATION_FAILED'])
    expect(h.engine.effects.size).toBe(0)
    expect(h.state(id).commands).toEqual([])
  })
})

describe('event stream', () => {
  async function session() {
    const s = serve()
    const { id } = await s.h.newSession()
    const head = s.h.service.events.head(id)
    if (!head) throw new Error('no head')
    const get = async (query: string, lastEventId?: string) =>
      s.app.request(`/sessions/${id}/events${query}`, lastEventId ? { headers: { 'last-event-id': lastEventId } } : {})
    return { ...s, id, head, get }
  }
  const rename = (s: Awaited<ReturnType<typeof session>>, id: SessionId, times: number) => {
    for (let i = 0; i < times; i += 1) s.h.service.change(s.h.workspace, id, { title: `title ${i}` })
  }

  it('replays after the last event id and goes on live, each event once', async () => {
    const s = await session()
    rename(s, s.id, 3)
    const response = await s.get('', `${s.head.epoch}:${s.head.seq}`)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reading = readEvents(response, 5)
    rename(s, s.id, 2)
    const events = await reading
    expect(events.map((one) => one.data.seq)).toEqual([1, 2, 3, 4, 5].map((n) => s.head.seq + n))
    expect(events[4]?.id).toBe(`${s.head.epoch}:${s.head.seq + 5}`)
    expect(s.h.clock.pending()).toBe(0)
  })

  it('starts at present without a position', async () => {
    const s = await session()
    const reading = readEvents(await s.get(''), 1)
    rename(s, s.id, 1)
    expect((await reading)[0]?.data).toMatchObject({ seq: s.head.seq + 1, event: { type: 'session.updated' } })
  })

  it.each([
    ['an unknown epoch', (s: { head: { seq: number } }) => `?epoch=other&after=${s.head.seq}`],
    ['a position above the head', (s: { head: { epoch: string } }) => `?epoch=${s.head.epoch}&after=999999`],
  ])('says refetch for %s, and goes on from there', async (_, query) => {
    const s = await session()
    const reading = readEvents(await s.get(query(s)), 2)
    await expect.poll(() => s.h.clock.pending()).toBeGreaterThan(0)
    await Promise.resolve()
    setImmediate(() => rename(s, s.id, 1))
    const [first, second] = await reading
    expect(first).toMatchObject({ event: 'refetch', data: { epoch: s.head.epoch, seq: s.head.seq } })
    expect(second?.data.seq).toBe(s.head.seq + 1)
  })

  it('tells a reader that is too far behind to refetch instead of queueing', async () => {
    const s = await session()
    rename(s, s.id, MAX_BEHIND + 1)
    const [first] = await readEvents(await s.get(`?epoch=${s.head.epoch}&after=${s.head.seq}`), 1)
    expect(first).toMatchObject({ event: 'refetch', data: { seq: s.head.seq + MAX_BEHIND + 1 } })
  })

  it('ends when the session is deleted, and beats while it is quiet', async () => {
    const s = await session()
    const response = await s.get('')
    const reader = textReader(response)
    expect((await reader.read()).value).toContain(': open')
    const beat = reader.read()
    await new Promise((resolve) => setImmediate(resolve))
    s.h.clock.advance(15_000)
    expect((await beat).value).toContain(': alive')
    const end = reader.read()
    await s.h.service.remove(s.h.workspace, s.id, { force: true })
    expect((await end).done).toBe(true)
    expect(s.h.clock.pending()).toBe(0)
  })
})
