import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEMO_MODEL } from '../../model/config.ts'
import { createDemoModel } from '../../model/demo/demo-model.ts'
import type { EngineSessionHandle } from '../engine.ts'
import { createInstanceEngine, type InstanceEngine } from '../instance-engine.ts'
import { EventLog, removeDirectory, tempDirectory, tempRepository, until } from '../test-support.ts'
import { pruneHistory } from './history.ts'
import { processStart } from './process-info.ts'
import { readEngineRecord } from './record.ts'

/** The real OpenCode with the demo model: one process for the whole file, tests in order. */
const root = tempDirectory('pilot-engine')
const MODEL = { provider: 'demo', model: 'demo', label: 'Demo model', demo: true }
let repository: string
let instance: InstanceEngine
let session: EngineSessionHandle
let log = new EventLog()

function createInstance(): Promise<InstanceEngine> {
  return createInstanceEngine({
    root,
    model: DEMO_MODEL,
    identity: { name: 'Ann', email: 'ann@example.test' },
    endpoint: { demo: createDemoModel({ wordDelayMs: 2 }) },
    timing: { healthEveryMs: 500, probeTimeoutsMs: [400, 1_000, 2_000], backoffMs: [20, 50, 100] },
  })
}

/** Sends a prompt and gives the position in the log from which its events are found. */
async function prompt(text: string): Promise<{ from: number; message_id: string }> {
  const from = log.events.length
  const ids = instance.engine.newPromptIds()
  await instance.engine.prompt(session, { text, ...ids, model: MODEL })
  return { from, message_id: ids.message_id }
}

beforeAll(async () => {
  repository = await tempRepository({ 'hello.txt': 'hello\nworld\n', 'AGENTS.md': 'Say please.\n' })
  instance = await createInstance()
  instance.engine.subscribe(log.push)
  expect(instance.engine.health().status).toBe('idle')
  session = await instance.engine.createSession({ ref: 'ags_1', directory: repository, title: 'Test' })
}, 300_000)

afterAll(async () => {
  await instance?.stop({ keep: false })
  removeDirectory(root)
  if (repository) removeDirectory(repository)
}, 30_000)

describe('a real OpenCode', { timeout: 300_000 }, () => {
  test('runs privately and creates a session once per ref', async () => {
    expect(instance.engine.health()).toMatchObject({ status: 'ok', version: '1.18.33' })
    expect(await instance.engine.createSession({ ref: 'ags_1', directory: repository })).toEqual(session)
    expect(await instance.engine.findSession('ags_1', repository)).toEqual(session)
    expect(await instance.engine.findSession('ags_2', repository)).toBeNull()
    await expect(
      instance.engine.createSession({ ref: 'ags_3', directory: join(repository, 'absent') }),
    ).rejects.toMatchObject({ code: 'WORKSPACE_ROOT_INVALID' })
    const mode = execFileSync('stat', [
      '-c',
      '%a',
      join(root, 'engine.json'),
      join(root, 'config/opencode/opencode.json'),
    ])
    expect(mode.toString().trim().split('\n')).toEqual(['600', '600'])
  })

  test('asks for a command with its exact text, and edits a file', async () => {
    const command = 'echo "one two" > made.txt && cat made.txt'
    const { from, message_id } = await prompt(
      [
        `@tool bash {"command":${JSON.stringify(command)},"description":"Make a file"}`,
        '@tool edit {"filePath":"$DIR/hello.txt","oldString":"hello","newString":"goodbye"}',
        '@tool write {"filePath":"$DIR/new.txt","content":"a\\nb\\n"}',
        '@tool todowrite {"todos":[{"content":"Say bye","status":"in_progress","priority":"high"}]}',
        '@tool bash {"command":"git status --short","description":"Status"}',
        '@say all **done** now',
      ].join('\n'),
    )
    const timer = setTimeout(async () => { console.log('EVENTS', JSON.stringify(log.events.slice(from)).slice(0,6000)); console.log('STATE', JSON.stringify(await instance.engine.readState(session)).slice(0,4000)); console.log(readFileSync(join(root,'output.log'),'utf8').slice(-2000)) }, 40_000)
    const asked = await log.next('permission.asked', () => true, from)
    clearTimeout(timer)
    expect(asked.permission).toMatchObject({
      kind: 'execute',
      title: 'Run a command',
      detail: command,
      resolution: null,
    })
    expect(asked.permission.part_id).toMatch(/^prt_/)
    expect(existsSync(join(repository, 'made.txt'))).toBe(false)
    const state = await instance.engine.readState(session)
    expect(state.permissions).toEqual([asked.permission])
    expect(state.run).toEqual({ status: 'busy' })
    expect(await instance.engine.replyPermission(session, asked.permission.id, 'once')).toBe('ok')
    await log.idle(session.external_id, from)
    expect(await instance.engine.replyPermission(session, asked.permission.id, 'once')).toBe('gone')

    expect(readFileSync(join(repository, 'made.txt'), 'utf8')).toBe('one two\n')
    expect(readFileSync(join(repository, 'hello.txt'), 'utf8')).toBe('goodbye\nworld\n')
    // The harmless command at the end asked nobody.
    expect(log.all('permission.asked', from)).toHaveLength(1)
    expect(log.all('permission.replied', from).map((event) => event.outcome)).toEqual(['once'])
    expect(log.all('todos', from).at(-1)?.todos).toEqual([
      { content: 'Say bye', status: 'in_progress', priority: 'high' },
    ])
    expect(
      log
        .all('part.delta', from)
        .map((event) => event.text)
        .join(''),
    ).toBe('all **done** now')

    const after = await instance.engine.readState(session)
    expect(after.run).toEqual({ status: 'idle' })
    expect(after.permissions).toEqual([])
    expect(after.messages[0]).toMatchObject({ id: message_id, role: 'user', status: 'completed' })
    const tools = after.messages.flatMap((message) => message.parts).filter((part) => part.type === 'tool')
    expect(tools.map((tool) => [tool.tool, tool.kind, tool.title, tool.status])).toEqual([
      ['bash', 'execute', command, 'completed'],
      ['edit', 'edit', 'hello.txt', 'completed'],
      ['write', 'edit', 'new.txt', 'completed'],
      ['todowrite', 'think', 'Update the plan', 'completed'],
      ['bash', 'execute', 'git status --short', 'completed'],
    ])
    expect(tools.flatMap((tool) => tool.changes)).toEqual([
      { path: 'hello.txt', kind: 'modified', additions: 1, deletions: 1 },
      { path: 'new.txt', kind: 'added', additions: 2, deletions: 0 },
    ])
    expect(await instance.engine.toolOutput(session, tools[0]!.id)).toBe('one two\n')
    expect(after.messages.at(-1)?.parts).toMatchObject([{ type: 'text', text: 'all **done** now', done: true }])
    expect(await instance.engine.hasMessage(session, message_id)).toBe(true)
    expect(await instance.engine.hasMessage(session, instance.engine.newPromptIds().message_id)).toBe(false)
  })

  test('a rejected command does not run, and the reason reaches the model', async () => {
    const { from } = await prompt('@tool bash {"command":"touch forbidden.txt","description":"x"}\n@say understood')
    const { permission } = await log.next('permission.asked', () => true, from)
    await instance.engine.replyPermission(session, permission.id, 'reject', 'Not here.')
    await log.idle(session.external_id, from)
    expect(existsSync(join(repository, 'forbidden.txt'))).toBe(false)
    const tool = log
      .all('part', from)
      .map((event) => event.part)
      .findLast((part) => part.type === 'tool')
    expect(tool).toMatchObject({ status: 'failed', error: expect.stringContaining('Not here.') })
  })

  test('asks before it reads outside the directory', async () => {
    const { from } = await prompt('@tool read {"filePath":"/etc/hostname"}\n@say understood')
    const { permission } = await log.next('permission.asked', () => true, from)
    expect(permission.title).toBe('Use files outside the workspace')
    expect(permission.detail).toContain('/etc/hostname')
    await instance.engine.replyPermission(session, permission.id, 'reject', 'Stay inside.')
    await log.idle(session.external_id, from)
  })

  test('asks a question and passes the answer on', async () => {
    const questions = [{ header: 'Colour', question: 'Which?', options: [{ label: 'Red', description: 'warm' }] }]
    const { from } = await prompt(`@tool question ${JSON.stringify({ questions })}\n@say thanks`)
    const { question } = await log.next('question.asked', () => true, from)
    expect(question.items).toEqual([
      {
        header: 'Colour',
        question: 'Which?',
        multiple: false,
        custom: true,
        options: [{ label: 'Red', description: 'warm' }],
      },
    ])
    expect(await instance.engine.replyQuestion(session, question.id, [['Red']])).toBe('ok')
    await log.idle(session.external_id, from)
    expect(log.all('question.replied', from)[0]?.answers).toEqual([['Red']])
    expect(await instance.engine.replyQuestion(session, question.id, [['Red']])).toBe('gone')
  })

  test('stops a streaming answer within a second', async () => {
    const { from } = await prompt('@slow 2000 20')
    await log.next('part.delta', () => true, from)
    const streaming = await instance.engine.readState(session)
    const live = streaming.messages.at(-1)?.parts.at(-1)
    expect(live).toMatchObject({ type: 'text', done: false, text: expect.stringMatching(/^w0/) })
    const heard = log
      .all('part.delta', from)
      .map((event) => event.text)
      .join('')
    expect(live?.type === 'text' && heard.startsWith(live.text)).toBe(true)
    const began = Date.now()
    await instance.engine.abort(session)
    await log.idle(session.external_id, from)
    expect(Date.now() - began).toBeLessThan(1_000)
    const state = await instance.engine.readState(session)
    expect(state.messages.at(-1)?.status).toBe('aborted')
    expect(log.all('failed', from)).toEqual([])
  })

  test.each([
    ['@error 401 nope', 'MODEL_REFUSED'],
    ['@error 404 model not found', 'MODEL_REFUSED'],
    ['@error 400 strange', 'MODEL_UNAVAILABLE'],
    ['@garbage', 'MODEL_UNAVAILABLE'],
    ['@cut', 'MODEL_UNAVAILABLE'],
  ])('tells of a model failure: %s', async (script, code) => {
    const { from } = await prompt(script)
    const { error } = await log.next('failed', () => true, from)
    expect(error.code).toBe(code)
    expect(error.message).toMatch(/^[A-Z][^{}[\]]+\.?$/)
    await log.idle(session.external_id, from)
    expect(log.all('run', from).map((event) => event.run.status)).not.toContain('retry')
    await until(
      'the failed message',
      async () => (await instance.engine.readState(session)).messages.at(-1)?.status === 'failed',
    )
  })

  test('reports retries and can be stopped between them', async () => {
    const { from } = await prompt('@error 503 busy')
    const { run } = await log.next('run', (event) => event.run.status === 'retry', from)
    expect(run).toMatchObject({ status: 'retry', attempt: 1, message: expect.stringContaining('model provider') })
    await instance.engine.abort(session)
    await log.idle(session.external_id, from)
  })

  test('answers a prompt that comes the moment the one before has failed or was stopped', async () => {
    for (const script of ['@error 401 nope', '@cut', '@slow 500 20']) {
      const { from } = await prompt(script)
      if (script.startsWith('@slow')) {
        await log.next('part.delta', () => true, from)
        await instance.engine.abort(session)
      } else {
        await log.next('failed', () => true, from)
      }
      const next = await prompt('@say still here')
      await log.next('part', ({ part }) => part.type === 'text' && part.text === 'still here' && part.done, next.from)
      await log.idle(session.external_id, next.from)
    }
  })

  test('keeps the messages in the order of their ids, its own and those made here', async () => {
    const { from } = await prompt('@say one')
    await log.idle(session.external_id, from)
    const state = await instance.engine.readState(session)
    const ids = state.messages.map((message) => message.id)
    expect([...ids].sort()).toEqual(ids)
  })

  test("commits in the name of the machine's user", async () => {
    const { from } = await prompt(
      '@tool bash {"command":"git commit -qm agent --allow-empty","description":"x"}\n@say done',
    )
    const { permission } = await log.next('permission.asked', () => true, from)
    await instance.engine.replyPermission(session, permission.id, 'once')
    await log.idle(session.external_id, from)
    const last = execFileSync('git', ['log', '-1', '--format=%s %an <%ae> %cn <%ce>'], { cwd: repository })
    expect(last.toString().trim()).toBe('agent Ann <ann@example.test> Ann <ann@example.test>')
  })

  test('lists the sessions of its sub-agents', async () => {
    expect(await instance.engine.listChildren(session)).toEqual([])
    const { origin, authorization } = await instance.engine.connect()
    const url = `${origin}/session?directory=${encodeURIComponent(repository)}`
    const headers = { authorization, 'content-type': 'application/json' }
    const body = JSON.stringify({ parentID: session.external_id, title: 'Explore' })
    const made = (await (await fetch(url, { method: 'POST', headers, body })).json()) as { id: string }
    expect(await instance.engine.listChildren(session)).toEqual([
      { external_id: made.id, directory: repository, title: 'Explore' },
    ])
    const none = { external_id: 'ses_00000000000000000000000000', directory: repository }
    await expect(instance.engine.listChildren(none)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
  })

  test('is adopted by the next runtime with what it is doing', async () => {
    const { from } = await prompt('@tool bash {"command":"echo adopted > adopted.txt","description":"x"}\n@say ok')
    const { permission } = await log.next('permission.asked', () => true, from)
    const before = await readEngineRecord(root)
    await instance.stop({ keep: true })

    instance = await createInstance()
    log = new EventLog()
    instance.engine.subscribe(log.push)
    expect(await instance.engine.adopt()).toBe(true)
    expect(log.events.map((event) => event.type).slice(0, 2)).toEqual(['up', 'gap'])
    expect((await readEngineRecord(root))?.pid).toBe(before?.pid)
    const state = await instance.engine.readState(session)
    expect(state.permissions.map((each) => each.id)).toEqual([permission.id])
    await instance.engine.replyPermission(session, permission.id, 'once')
    await log.idle(session.external_id, 0)
    expect(readFileSync(join(repository, 'adopted.txt'), 'utf8')).toBe('adopted\n')
  })

  test('after a kill it says so, restarts, and shows the cut-off turn as interrupted', async () => {
    // Unlike any other on this machine.
    const command = `sleep 300.${process.pid}; echo never`
    const { from, message_id } = await prompt(`@tool bash {"command":"${command}","description":"x"}`)
    const { permission } = await log.next('permission.asked', () => true, from)
    await instance.engine.replyPermission(session, permission.id, 'once')
    await log.next('part', ({ part }) => part.type === 'tool' && part.status === 'running', from)
    const record = await readEngineRecord(root)
    process.kill(record!.pid, 'SIGKILL')
    const down = await log.next('down', () => true, from)
    expect(down.reason.code).toBe('AGENT_UNAVAILABLE')
    expect(await instance.engine.replyPermission(session, permission.id, 'once')).toBe('gone')
    await log.next('up', () => true, from)
    const state = await instance.engine.readState(session)
    expect(state.run).toEqual({ status: 'idle' })
    expect(await instance.engine.hasMessage(session, message_id)).toBe(true)
    const last = state.messages.at(-1)
    expect(last).toMatchObject({ role: 'assistant', status: 'interrupted' })
    expect(last?.parts.find((part) => part.type === 'tool')).toMatchObject({ status: 'interrupted' })
    // The command of the dead engine is gone as well.
    expect(execFileSync('ps', ['-eo', 'args']).toString()).not.toContain(`sleep 300.${process.pid}`)
    const { from: next } = await prompt('@say again')
    await log.idle(session.external_id, next)
  })

  test('a wedged process is ended and replaced', async () => {
    const from = log.events.length
    const record = await readEngineRecord(root)
    process.kill(record!.pid, 'SIGSTOP')
    await log.next('down', () => true, from)
    await log.next('up', () => true, from)
    expect(await processStart(record!.pid)).toBeNull()
    expect(instance.engine.health().status).toBe('ok')
  })

  test('knows all of its sessions after its database was pruned, and goes on', async () => {
    const before = await instance.engine.readState(session)
    await instance.stop({ keep: false })
    const size = await pruneHistory(root, openNodeSqlite)
    expect(size.before).toBeGreaterThan(0)
    expect(size.after).toBeLessThan(size.before)
    instance = await createInstance()
    log = new EventLog()
    instance.engine.subscribe(log.push)
    expect((await instance.engine.readState(session)).messages).toEqual(before.messages)
    const { from } = await prompt('@say pruned')
    await log.next('part', ({ part }) => part.type === 'text' && part.text === 'pruned' && part.done, from)
    await log.idle(session.external_id, from)
  })

  test('leaves nothing behind', async () => {
    const record = await readEngineRecord(root)
    await instance.stop({ keep: false })
    expect(await processStart(record!.pid)).toBeNull()
    expect(existsSync(join(root, 'engine.json'))).toBe(false)
    await expect(instance.engine.ensureStarted()).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' })
  })
})
