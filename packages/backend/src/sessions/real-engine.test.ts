import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Id, newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import { COMMAND_FINAL } from '@pilot/protocol/agent/command'
import { fold, type SessionState, stateOf } from '@pilot/protocol/agent/fold'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createInstanceEngine, type InstanceEngine } from '../engine/instance-engine.ts'
import { readEngineRecord } from '../engine/opencode/record.ts'
import { removeDirectory, tempDirectory, tempRepository, until as untilWithin } from '../engine/test-support.ts'
import { DEMO_MODEL } from '../model/config.ts'
import { createDemoModel } from '../model/demo/demo-model.ts'
import { createSessionService, type SessionService } from './service.ts'
import type { SessionId } from './store/rows.ts'
import { CONTINUITY, MODEL } from './testing/harness.ts'

/** The session service over the real OpenCode with the scripted model; tests in order, one engine process. */
const root = tempDirectory('pilot-sessions')
const db = openNodeSqlite(join(root, 'runtime.db'))
const workspace = newId('workspace')
const actor = { user_id: newId('user'), role: 'member' as const }
let repository: string
let instance: InstanceEngine
let service: SessionService
let id: SessionId
const logged: string[] = []

/** Generous: the engine shares the machine with other tests. */
const until: typeof untilWithin = (what, condition) => untilWithin(what, condition, 100_000)

const openEngine = () =>
  createInstanceEngine({
    root: join(root, 'engine'),
    model: DEMO_MODEL,
    endpoint: { demo: createDemoModel({ wordDelayMs: 2 }) },
    timing: { healthEveryMs: 500, probeTimeoutsMs: [400, 1_000, 2_000], backoffMs: [20, 50, 100] },
  })

function openService(): SessionService {
  const opened = createSessionService({
    db,
    continuity: CONTINUITY,
    instanceId: 'inst_1',
    engine: instance.engine,
    directories: {
      create: async () => ({ directory: repository, worktree: null }),
      remove: async () => undefined,
      diff: async () => ({ base: '', files: [], truncated: false }),
      changes: async () => ({ changes: [], truncated: false }),
    },
    currentModel: () => MODEL,
    log: (message, cause) => logged.push(`${message}: ${String(cause)}`),
  })
  opened.start()
  return opened
}

const state = (): SessionState => stateOf(service.snapshot(workspace, id, { limit: 200 }))
const command = (one: Id<'command'>) => service.command(workspace, id, one)

function prompt(text: string): Id<'command'> {
  const one = newId('command')
  service.submit(workspace, id, actor, { id: one, session_id: id, kind: 'prompt', text })
  return one
}

function streaming(): boolean {
  const last = state().messages.at(-1)
  const text = last?.parts.some((part) => part.type === 'text' && part.text !== '')
  return last?.role === 'assistant' && last.status === 'running' && text === true
}

function final(one: Id<'command'>) {
  return until('a final command', () => COMMAND_FINAL.has(command(one).state) && command(one))
}

/** What everybody has: who was there all the time, and who comes now. And each prompt reached the engine once. */
function expectOneTruth(): void {
  const events = service.events.read(id, 0, 100_000)
  expect(events.map((entry) => entry.seq)).toEqual(events.map((_, index) => index + 1))
  expect(fold(events.map((entry) => entry.event))).toEqual(state())
  const asked = state().messages.filter((message) => message.role === 'user')
  expect(new Set(asked.map((message) => message.command_id)).size).toBe(asked.length)
}

beforeAll(async () => {
  repository = await tempRepository({ 'hello.txt': 'hello\n' })
  instance = await openEngine()
  // A loaded machine takes its time for this; what is measured below is not the start.
  await instance.engine.ensureStarted()
  service = openService()
  id = newId('agent_session')
  await service.create(workspace, actor, { id })
}, 120_000)

afterAll(async () => {
  await service.close()
  await instance.stop({ keep: false })
  db.close()
  removeDirectory(root)
  removeDirectory(repository)
}, 60_000)

describe('sessions over a real OpenCode', { timeout: 240_000 }, () => {
  test('a prompt asks, edits and answers; every viewer has the same', async () => {
    const one = prompt(
      [
        '@tool bash {"command":"echo made > made.txt","description":"Make a file"}',
        '@tool edit {"filePath":"$DIR/hello.txt","oldString":"hello","newString":"goodbye"}',
        '@tool todowrite {"todos":[{"content":"Say bye","status":"completed","priority":"high"}]}',
        '@say all **done** now',
      ].join('\n'),
    )
    const ask = await until('the question for permission', () => state().permissions[0])
    expect(state().session).toMatchObject({ status: 'waiting', attention: 'permission' })
    const reply = newId('command')
    const answer = { id: reply, session_id: id, kind: 'permission', permission_id: ask.id, reply: 'once' } as const
    service.submit(workspace, id, actor, answer)
    expect(await final(one)).toMatchObject({ state: 'done', error: null })
    expect(command(reply).state).toBe('done')
    expect(readFileSync(join(repository, 'hello.txt'), 'utf8')).toBe('goodbye\n')
    const after = state()
    expect(after.session).toMatchObject({ status: 'idle', attention: 'done', model: MODEL })
    expect(after.permissions[0]?.resolution).toMatchObject({ outcome: 'once', by: actor.user_id })
    expect(after.todos).toMatchObject([{ content: 'Say bye' }])
    const parts = after.messages.flatMap((message) => message.parts)
    expect(parts.filter((part) => part.type === 'tool').map((part) => part.status)).toEqual(Array(3).fill('completed'))
    expect(parts.at(-1)).toMatchObject({ type: 'text', text: 'all **done** now', done: true })
    expect(after.messages.every((message) => message.command_id === one)).toBe(true)
    expectOneTruth()
  })

  test('a stop ends at once, and the next prompt works at once', async () => {
    const one = prompt('@slow 2000 20')
    await until('streaming text', streaming)
    const began = Date.now()
    service.submit(workspace, id, actor, { id: newId('command'), session_id: id, kind: 'abort' })
    expect((await final(one)).state).toBe('interrupted')
    expect(Date.now() - began).toBeLessThan(3_000)
    expect(state().session?.status).toBe('idle')
    expect(state().messages.at(-1)?.status).toBe('aborted')
    const next = prompt('@say still here')
    expect((await final(next)).state).toBe('done')
    expectOneTruth()
  })

  test('a stop that overtakes the beginning of the turn holds', async () => {
    const one = prompt('@slow 100 20')
    await until('the prompt to be taken', () => command(one).state === 'running')
    service.submit(workspace, id, actor, { id: newId('command'), session_id: id, kind: 'abort' })
    expect((await final(one)).state).toBe('interrupted')
    await service.settled()
    const next = prompt('@say alive')
    expect((await final(next)).state).toBe('done')
    expectOneTruth()
  })

  test('a failing model is told, and queued prompts are answered in order', async () => {
    expect(await final(prompt('@error 401 nope'))).toMatchObject({ state: 'failed', error: { code: 'MODEL_REFUSED' } })
    expect(state().session).toMatchObject({ status: 'error', error: { code: 'MODEL_REFUSED' } })
    const both = [prompt('@slow 20 20'), prompt('@say second')]
    for (const one of both) expect((await final(one)).state).toBe('done')
    expect(state().session).toMatchObject({ status: 'idle', error: null })
    expectOneTruth()
  })

  test('a new runtime adopts the engine in the middle of a turn', async () => {
    const one = prompt('@slow 100 20')
    await until('streaming text', streaming)
    const epoch = service.events.head(id)?.epoch
    await service.close()
    await instance.stop({ keep: true })
    instance = await openEngine()
    service = openService()
    expect((await final(one)).state).toBe('done')
    expect(service.events.head(id)?.epoch).toBe(epoch)
    const text = state()
      .messages.at(-1)
      ?.parts.findLast((part) => part.type === 'text')
    expect(text).toMatchObject({ done: true, text: expect.stringMatching(/^w0 w1 .*w99\s*$/) })
    expectOneTruth()
  })

  test('a killed engine leaves an honest session that goes on', async () => {
    const one = prompt('@tool bash {"command":"echo x; sleep 300","description":"x"}')
    const ask = await until('the ask', () => state().permissions.find((other) => other.resolution === null))
    const answer = { session_id: id, kind: 'permission', permission_id: ask.id, reply: 'once' } as const
    service.submit(workspace, id, actor, { ...answer, id: newId('command') })
    await until('the running tool', () => {
      const part = state().messages.at(-1)?.parts.at(-1)
      return part?.type === 'tool' && part.status === 'running'
    })
    const record = await readEngineRecord(join(root, 'engine'))
    if (!record) throw new Error('no engine runs')
    process.kill(record.pid, 'SIGKILL')
    expect((await final(one)).state).toBe('interrupted')
    expect(state().session).toMatchObject({ status: 'interrupted', attention: 'error' })
    const tools = state().messages.flatMap((message) => message.parts.filter((part) => part.type === 'tool'))
    expect(tools.at(-1)).toMatchObject({ status: 'interrupted' })
    const next = prompt('@say again')
    expect((await final(next)).state).toBe('done')
    await service.settled()
    expect(state().messages.filter((message) => message.status === 'running')).toEqual([])
    expectOneTruth()
  })
})
