import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { MAX_COMMAND_TEXT_CHARS } from '@pilot/protocol/agent/command'
import { describe, expect, it } from 'vitest'
import { OPEN_PROMPTS } from './commands.ts'
import { ABORT_MS } from './dispatch-abort.ts'
import { createHarness } from './testing/harness.ts'
import { GIVE_UP_MS } from './turn.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })

describe('prompt', () => {
  it('is accepted, sent once, and done when the turn ends', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const accepted = h.prompt(id, 'Fix the bug\nplease')
    expect(accepted.state).toBe('accepted')
    expect(h.state(id).session).toMatchObject({ status: 'busy', title: 'Fix the bug' })
    await h.settle()
    expect(h.command(id, accepted.id)).toMatchObject({ state: 'running', message_id: accepted.message_id })
    const external = h.engine.external(id)
    h.engine.answer(external, 'It is fixed.')
    expect(h.command(id, accepted.id).state).toBe('done')
    const state = h.state(id)
    expect(state.session).toMatchObject({ status: 'idle', attention: 'done', error: null, model: { demo: true } })
    expect(state.messages.map((message) => [message.role, message.command_id])).toEqual([
      ['user', accepted.id],
      ['assistant', accepted.id],
    ])
    expect(state.messages[1]?.parts).toMatchObject([{ type: 'text', text: 'It is fixed.', done: true }])
    expect(h.engine.effects.get(accepted.message_id ?? '')).toBe(1)
    expect(h.logged).toEqual([])
  })

  it('gives the same answer to the same request, and CONFLICT to another one with its id', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const first = h.prompt(id, 'one')
    await h.settle()
    expect(h.prompt(id, 'one', first.id)).toMatchObject({ id: first.id, state: 'running' })
    expect(() => h.prompt(id, 'two', first.id)).toThrow(code('CONFLICT'))
    const other = await h.newSession()
    expect(() => h.prompt(other.id, 'one', first.id)).toThrow(code('CONFLICT'))
    await h.settle()
    expect([...h.engine.effects.values()]).toEqual([1])
  })

  it('refuses a body that names another session than the address, and a foreign workspace', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const other = await h.newSession()
    const request = { id: newId('command'), session_id: other.id, kind: 'prompt', text: 'x' } as const
    expect(() => h.service.submit(h.workspace, id, h.actor, request)).toThrow(code('CONFLICT'))
    expect(() => h.service.submit(newId('workspace'), other.id, h.actor, request)).toThrow(code('SESSION_NOT_FOUND'))
    expect(h.engine.effects.size).toBe(0)
  })

  it('runs queued prompts in order and ends each by its own answer', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const first = h.prompt(id, 'one')
    const second = h.prompt(id, 'two')
    await h.settle()
    expect([first, second].map((one) => h.command(id, one.id).state)).toEqual(['running', 'running'])
    const external = h.engine.external(id)
    expect(h.engine.get(external).messages.map((message) => message.id)).toEqual([first.message_id, second.message_id])
    h.engine.answer(external, 'both')
    expect([first, second].map((one) => h.command(id, one.id).state)).toEqual(['done', 'done'])
  })

  it('does not end a prompt by the idle of the turn before it', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    h.prompt(id, 'one')
    await h.settle()
    const external = h.engine.external(id)
    const answer = h.engine.begin(external)
    h.engine.finish(external, answer)
    const second = h.prompt(id, 'two')
    await h.settle()
    // The end of the first turn arrives when the second prompt was taken already.
    h.engine.emit({ type: 'run', external_id: external, run: { status: 'idle' } })
    expect(h.command(id, second.id).state).toBe('running')
    expect(h.state(id).session?.status).toBe('busy')
    h.engine.answer(external, 'two is done')
    expect(h.command(id, second.id).state).toBe('done')
  })

  it('gives a prompt up that the idle engine never answers', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const { id: command } = h.prompt(id, 'one')
    await h.settle()
    h.engine.run(h.engine.external(id), { status: 'idle' })
    expect(h.command(id, command).state).toBe('running')
    await h.settle(2_000)
    expect(h.command(id, command).state).toBe('running')
    for (let ms = 0; ms < GIVE_UP_MS; ms += 2_000) await h.settle(2_000)
    expect(h.command(id, command)).toMatchObject({ state: 'interrupted', error: { code: 'AGENT_UNAVAILABLE' } })
    expect(h.state(id).session?.status).toBe('interrupted')
  })

  it('fails with the error of the turn', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const { id: command } = h.prompt(id, 'one')
    await h.settle()
    const external = h.engine.external(id)
    const error = { code: 'MODEL_REFUSED' as const, message: 'Refused.', retryable: false }
    h.engine.emit({ type: 'failed', external_id: external, error })
    h.engine.run(external, { status: 'idle' })
    expect(h.command(id, command)).toMatchObject({ state: 'failed', error })
    expect(h.state(id).session).toMatchObject({ status: 'error', attention: 'error', error })
    const again = h.prompt(id, 'two')
    expect(h.state(id).session).toMatchObject({ status: 'busy', error: null })
    await h.settle()
    h.engine.answer(external, 'fine')
    expect(h.command(id, again.id).state).toBe('done')
    expect(h.state(id).session).toMatchObject({ status: 'idle', error: null })
  })

  it('says unknown when the call breaks off and the engine does not have it, and failed when it was refused', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    h.engine.before = (call) => {
      if (call === 'prompt') throw new Error('socket hang up')
    }
    const lost = h.prompt(id, 'one')
    await h.settle()
    expect(h.command(id, lost.id).state).toBe('unknown')
    h.engine.before = (call) => {
      if (call === 'prompt') throw new PilotError('MODEL_REFUSED')
    }
    const refused = h.prompt(id, 'two')
    await h.settle()
    expect(h.command(id, refused.id)).toMatchObject({ state: 'failed', error: { code: 'MODEL_REFUSED' } })
    h.engine.before = (call) => {
      if (call === 'ensureStarted') throw new PilotError('AGENT_NOT_INSTALLED')
    }
    const missing = h.prompt(id, 'three')
    await h.settle()
    expect(h.command(id, missing.id)).toMatchObject({ state: 'failed', error: { code: 'AGENT_NOT_INSTALLED' } })
    expect(h.engine.effects.size).toBe(0)
  })

  it('gets a new session of the engine after the engine forgot the old one', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    h.engine.autoAnswer = true
    h.prompt(id, 'one')
    await h.settle()
    h.engine.sessions.clear()
    h.engine.before = (call) => {
      if (call === 'prompt') throw new PilotError('SESSION_NOT_FOUND')
    }
    const lost = h.prompt(id, 'two')
    await h.settle()
    expect(h.command(id, lost.id)).toMatchObject({ state: 'failed', error: { code: 'AGENT_UNAVAILABLE' } })
    expect(h.state(id).session?.status).toBe('interrupted')
    h.engine.before = () => undefined
    const again = h.prompt(id, 'three')
    await h.settle()
    expect(h.command(id, again.id).state).toBe('done')
    expect(h.state(id).messages).toHaveLength(4)
  })

  it('goes on when the call breaks off after the engine took it', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    h.engine.after = (call) => {
      if (call === 'prompt') throw new Error('socket hang up')
    }
    const { id: command } = h.prompt(id, 'one')
    await h.settle()
    expect(h.command(id, command).state).toBe('running')
  })

  it('shows a long prompt cut in events but whole when asked for', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const text = 'x'.repeat(MAX_COMMAND_TEXT_CHARS + 10)
    const command = h.prompt(id, text)
    expect(command.text).toBe(text)
    const shown = h.state(id).commands[0]
    expect([shown?.text?.length, shown?.text_chars]).toEqual([MAX_COMMAND_TEXT_CHARS, text.length])
    await h.settle()
    expect(h.state(id).messages[0]?.parts).toMatchObject([{ text }])
  })

  it('refuses too many open prompts and an archived session', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    for (let i = 0; i < OPEN_PROMPTS; i += 1) h.prompt(id, `prompt ${i}`)
    expect(() => h.prompt(id, 'one more')).toThrow(code('LIMIT_REACHED'))
    const archived = await h.newSession()
    h.service.change(h.workspace, archived.id, { archived: true })
    expect(() => h.prompt(archived.id, 'x')).toThrow(code('CONFLICT'))
    await h.settle()
  })
})

describe('abort', () => {
  it('ends the turn and everything that was open in it', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const { id: prompt } = h.prompt(id, 'one')
    await h.settle()
    const external = h.engine.external(id)
    const message = h.engine.begin(external)
    h.engine.part(external, message, { id: 't', type: 'text', text: 'half', done: false })
    h.engine.ask(external, 'per_1')
    expect(h.state(id).session).toMatchObject({ status: 'waiting', attention: 'permission' })
    const abort = h.send({ id: newId('command'), session_id: id, kind: 'abort' })
    await h.settle(0)
    expect(h.command(id, abort.id).state).toBe('done')
    expect(h.command(id, prompt).state).toBe('interrupted')
    const state = h.state(id)
    expect(state.session).toMatchObject({ status: 'idle', attention: 'none' })
    expect(state.messages[1]).toMatchObject({ status: 'aborted', parts: [{ text: 'half', done: true }] })
    expect(state.permissions[0]?.resolution).toMatchObject({ outcome: 'rejected', by: h.actor.user_id })
  })

  it('keeps a prompt from being sent that waits for the engine to start', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const gate = Promise.withResolvers<void>()
    h.engine.before = (call) => (call === 'ensureStarted' ? gate.promise : undefined)
    const { id: prompt } = h.prompt(id, 'one')
    const abort = h.send({ id: newId('command'), session_id: id, kind: 'abort' })
    await expect.poll(() => h.command(id, abort.id).state).toBe('done')
    expect(h.command(id, prompt).state).toBe('interrupted')
    gate.resolve()
    await h.settle()
    expect(h.engine.effects.size).toBe(0)
    expect(h.state(id).session?.status).toBe('idle')
  })

  it('stops a prompt that is being sent, and not the one after it', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const gate = Promise.withResolvers<void>()
    h.engine.after = (call) => (call === 'prompt' ? gate.promise : undefined)
    const first = h.prompt(id, 'one')
    await expect.poll(() => h.engine.effects.size).toBe(1)
    const abort = h.send({ id: newId('command'), session_id: id, kind: 'abort' })
    await expect.poll(() => h.command(id, abort.id).state).toBe('done')
    const second = h.prompt(id, 'two')
    gate.resolve()
    await h.settle()
    expect(h.command(id, first.id).state).toBe('interrupted')
    expect(h.command(id, second.id).state).toBe('running')
    h.engine.answer(h.engine.external(id), 'two')
    expect(h.command(id, second.id).state).toBe('done')
  })

  it('stops a prompt that the engine had, but only begins after the stop', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const first = h.prompt(id, 'one')
    await h.settle()
    const external = h.engine.external(id)
    const emit = h.engine.emit
    h.engine.emit = () => undefined
    h.send({ id: newId('command'), session_id: id, kind: 'abort' })
    await h.settle(0)
    h.engine.emit = emit
    expect(h.state(id).session?.status).toBe('idle')
    h.engine.run(external, { status: 'busy' })
    h.engine.begin(external)
    await h.settle(0)
    expect(h.engine.get(external).run.status).toBe('idle')
    expect(h.command(id, first.id).state).toBe('interrupted')
    expect(h.state(id).messages.map((message) => message.status)).toEqual(['completed', 'aborted'])
    expect(h.state(id).session?.status).toBe('idle')
    const second = h.prompt(id, 'two')
    await h.settle()
    expect(h.command(id, second.id).state).toBe('running')
    expect(h.engine.effects.get(`abort:${external}`)).toBe(2)
  })

  it('is unknown when the engine does not answer', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    h.prompt(id, 'one')
    await h.settle()
    h.engine.before = (call) => (call === 'abort' ? new Promise(() => undefined) : undefined)
    const abort = h.send({ id: newId('command'), session_id: id, kind: 'abort' })
    await expect.poll(() => h.command(id, abort.id).state).toBe('dispatching')
    h.clock.advance(ABORT_MS)
    await h.settle()
    expect(h.command(id, abort.id)).toMatchObject({ state: 'unknown', error: { code: 'RUNTIME_TIMEOUT' } })
    expect(h.state(id).session?.status).toBe('busy')
  })
})

describe('reply', () => {
  async function asked() {
    const h = createHarness()
    const { id } = await h.newSession()
    h.prompt(id, 'one')
    await h.settle()
    h.engine.ask(h.engine.external(id), 'per_1')
    const reply = (answer: 'once' | 'always' | 'reject') =>
      h.send({ id: newId('command'), session_id: id, kind: 'permission', permission_id: 'per_1', reply: answer })
    return { h, id, reply }
  }

  it('lets the first answer win', async () => {
    const { h, id, reply } = await asked()
    const calls: string[] = []
    h.engine.before = (call) => {
      calls.push(call)
    }
    const first = reply('once')
    const second = reply('reject')
    await h.settle()
    // The loser does not even reach the engine.
    expect(calls).toEqual(['replyPermission'])
    expect(h.command(id, first.id).state).toBe('done')
    expect(h.command(id, second.id)).toMatchObject({ state: 'failed', error: { code: 'CONFLICT' } })
    expect(h.state(id).permissions[0]?.resolution).toMatchObject({ outcome: 'once', by: h.actor.user_id })
    expect(h.state(id).session?.status).toBe('busy')
    expect(h.engine.effects.get('per_1')).toBe(1)
  })

  it('says lost when the engine no longer waits', async () => {
    const { h, id, reply } = await asked()
    h.engine.get(h.engine.external(id)).permissions = []
    const { id: command } = reply('once')
    await h.settle()
    expect(h.command(id, command)).toMatchObject({ state: 'failed', error: { code: 'CONFLICT' } })
    expect(h.state(id).permissions[0]?.resolution).toMatchObject({ outcome: 'lost', by: null })
  })

  it('knows only what was asked in this session', async () => {
    const { h } = await asked()
    const other = await h.newSession()
    const request = { id: newId('command'), session_id: other.id, kind: 'permission', permission_id: 'per_1' } as const
    expect(() => h.send({ ...request, reply: 'once' })).toThrow(code('NOT_FOUND'))
    const question = { id: newId('command'), session_id: other.id, kind: 'question', question_id: 'q' } as const
    expect(() => h.send(question)).toThrow(code('NOT_FOUND'))
  })
})
