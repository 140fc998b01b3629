import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { fold } from '@pilot/protocol/agent/fold'
import { describe, expect, it } from 'vitest'
import { OUTPUT_BYTES } from './bound.ts'
import type { SessionId } from './store/rows.ts'
import { emptyMessage, fakeTool } from './testing/fake-engine.ts'
import { createHarness, type Harness } from './testing/harness.ts'

async function working() {
  const h = createHarness()
  const { id } = await h.newSession()
  const command = h.prompt(id, 'one')
  await h.settle()
  return { h, id, command, external: h.engine.external(id) }
}

/** What somebody has who read every event and never took a snapshot. */
function replayed(h: Harness, id: SessionId) {
  return fold(h.service.events.read(id, 0, 100_000).map((entry) => entry.event))
}

describe('streaming', () => {
  it('accumulates deltas; the reader of events and the taker of snapshots have the same', async () => {
    const { h, id, external } = await working()
    const message = h.engine.begin(external)
    h.engine.part(external, message, { id: 't', type: 'text', text: '', done: false })
    for (const text of ['Hel', 'lo ', 'wor', 'ld'])
      h.engine.emit({ type: 'part.delta', external_id: external, message_id: message, part_id: 't', text })
    await h.settle()
    expect(h.state(id).messages[1]?.parts).toMatchObject([{ text: 'Hello world', done: false }])
    expect(replayed(h, id)).toEqual({ ...h.state(id), has_more: false })
    h.engine.part(external, message, { id: 't', type: 'text', text: 'Hello world!', done: true })
    expect(h.state(id).messages[1]?.parts).toMatchObject([{ text: 'Hello world!', done: true }])
    expect(h.service.events.summaries()[0]).toMatchObject({ status: 'busy', activity: 'Writing an answer' })
  })

  it('gives a long output as a head, and whole when it is asked for', async () => {
    const { h, id, external } = await working()
    const message = h.engine.begin(external)
    const output = 'é line of output\n'.repeat(5_000)
    const bytes = Buffer.byteLength(output)
    h.engine.part(external, message, fakeTool('t', { output: output.slice(0, 10_000), title: 'npm test' }))
    h.engine.part(external, message, fakeTool('t', { output: output.slice(0, 40_000), title: 'npm test' }))
    expect(h.service.events.summaries()[0]?.activity).toBe('npm test')
    h.engine.part(external, message, fakeTool('t', { output, status: 'completed', output_bytes: bytes }))
    await h.settle()
    const part = h.state(id).messages[1]?.parts[0]
    expect(part?.type === 'tool' && Buffer.byteLength(part.output)).toBeLessThanOrEqual(OUTPUT_BYTES)
    expect(part).toMatchObject({ output_bytes: bytes, status: 'completed' })
    expect(await h.service.output(h.workspace, id, 't')).toBe(output)
    await expect(h.service.output(newId('workspace'), id, 't')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
    await expect(h.service.output(h.workspace, id, 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    h.engine.die()
    h.restart()
    expect(await h.service.output(h.workspace, id, 't')).toBe(output)
  })

  it('looks at the changes after an edit and at the end', async () => {
    const { h, id, external } = await working()
    h.directories.found = {
      changes: [{ path: 'a.ts', kind: 'modified', additions: 3, deletions: 1 }],
      truncated: false,
    }
    const message = h.engine.begin(external)
    h.engine.part(external, message, fakeTool('t', { kind: 'edit', status: 'completed' }))
    await h.settle(1_000)
    expect(h.state(id).changes).toEqual(h.directories.found.changes)
    expect(h.service.events.summaries()[0]).toMatchObject({ additions: 3, deletions: 1 })
    h.directories.found = { changes: [], truncated: false }
    h.engine.finish(external, message)
    h.engine.run(external, { status: 'idle' })
    await h.settle(1_000)
    expect(h.state(id).changes).toEqual([])
  })

  it('shows retries, and takes a title unless a person gave one', async () => {
    const { h, id, external } = await working()
    h.engine.run(external, { status: 'retry', attempt: 1, message: 'Overloaded', next_at: '2026-01-01T00:00:09.000Z' })
    expect(h.state(id).session).toMatchObject({ status: 'retry', retry_at: '2026-01-01T00:00:09.000Z' })
    h.engine.emit({ type: 'session.title', external_id: external, title: 'New session - 2026-01-01T00:00:00Z' })
    expect(h.state(id).session?.title).toBe('one')
    h.engine.emit({ type: 'session.title', external_id: external, title: 'Fix the sum' })
    expect(h.state(id).session?.title).toBe('Fix the sum')
    h.service.change(h.workspace, id, { title: 'Mine' })
    h.engine.emit({ type: 'session.title', external_id: external, title: 'Other' })
    expect(h.state(id).session?.title).toBe('Mine')
    await h.settle()
    expect(h.engine.get(external).title).toBe('Mine')
  })
})

describe('an engine that dies', () => {
  it('leaves what streamed, says interrupted, and loses what was asked', async () => {
    const { h, id, external, command } = await working()
    const message = h.engine.begin(external)
    h.engine.part(external, message, { id: 't', type: 'text', text: '', done: false })
    h.engine.emit({ type: 'part.delta', external_id: external, message_id: message, part_id: 't', text: 'half' })
    h.engine.part(external, message, fakeTool('b'))
    h.engine.ask(external, 'per_1')
    h.engine.die()
    const state = h.state(id)
    expect(state.session).toMatchObject({
      status: 'interrupted',
      attention: 'error',
      error: { message: 'The agent stopped.' },
    })
    expect(state.messages[1]).toMatchObject({ status: 'interrupted' })
    expect(state.messages[1]?.parts).toMatchObject([{ text: 'half', done: true }, { status: 'interrupted' }])
    expect(state.permissions[0]?.resolution).toMatchObject({ outcome: 'lost' })
    expect(h.command(id, command.id).state).toBe('interrupted')
    // Back again, its store still says "running" for ever, with the text gone.
    h.engine.status = 'ok'
    h.engine.emit({ type: 'up' })
    await h.settle()
    expect(h.state(id)).toMatchObject({ session: { status: 'interrupted' }, messages: state.messages })
    expect(h.engine.effects.get(command.message_id ?? '')).toBe(1)
    const again = h.prompt(id, 'go on')
    await h.settle()
    h.engine.answer(external, 'done')
    expect(h.command(id, again.id).state).toBe('done')
    expect(h.state(id).session).toMatchObject({ status: 'idle', error: null })
  })

  it('is read again when this process comes back: what went on without it is journalled', async () => {
    const { h, id, external, command } = await working()
    const message = h.engine.begin(external)
    h.engine.part(external, message, { id: 't', type: 'text', text: 'begun', done: false })
    const before = h.service.events.head(id)
    // Nobody listens while the rest happens.
    const emit = h.engine.emit
    h.engine.emit = () => undefined
    h.engine.part(external, message, { id: 't', type: 'text', text: 'begun and ended', done: true })
    h.engine.finish(external, message)
    h.engine.run(external, { status: 'idle' })
    h.engine.emit = emit
    h.restart()
    await h.settle()
    expect(h.command(id, command.id).state).toBe('done')
    expect(h.state(id).messages[1]).toMatchObject({ status: 'completed', parts: [{ text: 'begun and ended' }] })
    expect(h.service.events.head(id)?.epoch).toBe(before?.epoch)
    expect(replayed(h, id).messages).toEqual(h.state(id).messages)
    expect(h.engine.effects.get(command.message_id ?? '')).toBe(1)
  })

  it('is adopted while it goes on: the open ask can still be answered', async () => {
    const { h, id, external, command } = await working()
    h.engine.begin(external)
    h.engine.ask(external, 'per_1')
    h.restart()
    await h.settle()
    expect(h.state(id).session).toMatchObject({ status: 'waiting', attention: 'permission' })
    expect(h.command(id, command.id).state).toBe('running')
    const reply = { id: newId('command'), session_id: id, kind: 'permission', permission_id: 'per_1' } as const
    h.send({ ...reply, reply: 'once' })
    await h.settle()
    expect(h.engine.effects.get('per_1')).toBe(1)
  })

  it('that cannot be started any more leaves an honest screen', async () => {
    const { h, id, external, command } = await working()
    h.engine.begin(external)
    h.engine.ask(external, 'per_1')
    h.engine.before = (call) => {
      if (call === 'ensureStarted') throw new Error('missing')
    }
    h.restart()
    await h.settle()
    expect(h.command(id, command.id).state).toBe('interrupted')
    expect(h.state(id).session?.status).toBe('interrupted')
    expect(h.state(id).permissions[0]?.resolution?.outcome).toBe('lost')
  })
})

describe('an engine that forgot the session', () => {
  it('ends its turn; looking again does not go on for ever', async () => {
    const { h, id, command, external } = await working()
    h.engine.before = (call) => {
      if (call === 'readState') throw new PilotError('SESSION_NOT_FOUND')
    }
    h.engine.emit({ type: 'gap' })
    await h.settle(5_000)
    expect(h.command(id, command.id).state).toBe('interrupted')
    expect(h.state(id).session?.status).toBe('interrupted')
    expect(h.clock.pending()).toBe(0)
    h.engine.emit({ type: 'run', external_id: external, run: { status: 'idle' } })
    expect(h.logged).toEqual([])
  })
})

describe('a gap in the events', () => {
  it('is filled from the engine; text that is ahead of its store stays', async () => {
    const { h, id, external } = await working()
    const message = h.engine.begin(external)
    h.engine.part(external, message, { id: 't', type: 'text', text: '', done: false })
    h.engine.emit({ type: 'part.delta', external_id: external, message_id: message, part_id: 't', text: 'streamed' })
    const emit = h.engine.emit
    h.engine.emit = () => undefined
    h.engine.part(external, message, fakeTool('b', { output: 'missed' }))
    h.engine.ask(external, 'per_1')
    h.engine.emit = emit
    h.engine.emit({ type: 'gap' })
    await h.settle()
    expect(h.state(id).messages[1]?.parts).toMatchObject([{ text: 'streamed' }, { output: 'missed', output_bytes: 6 }])
    expect(h.state(id).permissions).toMatchObject([{ id: 'per_1', resolution: null }])
    expect(h.state(id).session?.status).toBe('waiting')
    h.engine.get(external).permissions = []
    h.engine.emit({ type: 'gap' })
    await h.settle()
    expect(h.state(id).permissions).toMatchObject([{ resolution: { outcome: 'lost' } }])
  })

  it('lets events that arrive during the reading win over the answer', async () => {
    const { h, id, external, command } = await working()
    const message = h.engine.begin(external)
    const gate = Promise.withResolvers<void>()
    h.engine.after = (call) => (call === 'readState' ? gate.promise : undefined)
    h.engine.emit({ type: 'gap' })
    await expect.poll(() => h.engine.get(external).run.status).toBe('busy')
    h.engine.part(external, message, { id: 't', type: 'text', text: 'newer', done: true })
    h.engine.finish(external, message)
    h.engine.run(external, { status: 'idle' })
    gate.resolve()
    await h.settle()
    expect(h.state(id).messages[1]).toMatchObject({ status: 'completed', parts: [{ text: 'newer' }] })
    expect(h.state(id).session?.status).toBe('idle')
    expect(h.command(id, command.id).state).toBe('done')
  })
})

describe('a sub-agent', () => {
  it('has a session of its own, and asks on the one above it too', async () => {
    const { h, id, external } = await working()
    const message = h.engine.begin(external)
    h.engine.part(external, message, fakeTool('task', { tool: 'task', kind: 'think' }))
    const child = h.engine.add('child', `/work/${id}`, 'Explore (@general)')
    h.engine.emit({
      type: 'session.created',
      external_id: child.external_id,
      parent_external_id: external,
      directory: child.directory,
      title: child.title,
    })
    h.engine.run(child.external_id, { status: 'busy' })
    const summary = h.service.events.summaries().find((one) => one.parent_id === id)
    const childId = summary?.agent_session_id
    if (!childId) throw new Error('no child session')
    expect(summary).toMatchObject({ title: 'Explore (@general)', status: 'busy' })
    expect(h.state(id).messages[1]?.parts).toMatchObject([{ child_session_id: childId }])
    h.engine.part(external, message, fakeTool('task', { tool: 'task', kind: 'think', title: 'exploring' }))
    expect(h.state(id).messages[1]?.parts).toMatchObject([{ child_session_id: childId, title: 'exploring' }])
    h.engine.ask(child.external_id, 'per_1')
    for (const one of [id, childId]) {
      expect(h.state(one).session).toMatchObject({ status: 'waiting', attention: 'permission' })
      expect(h.state(one).permissions).toMatchObject([{ id: 'per_1', resolution: null }])
    }
    h.send({ id: newId('command'), session_id: id, kind: 'permission', permission_id: 'per_1', reply: 'always' })
    await h.settle()
    for (const one of [id, childId])
      expect(h.state(one).permissions).toMatchObject([{ resolution: { outcome: 'always', by: h.actor.user_id } }])
    h.engine.answer(child.external_id, 'found it')
    expect(h.state(childId).session).toMatchObject({ status: 'idle', attention: 'none' })
    expect(h.state(id).session?.status).toBe('busy')
    await h.service.remove(h.workspace, id, { force: true })
    expect(() => h.state(childId)).toThrow(expect.objectContaining({ code: 'SESSION_NOT_FOUND' }))
  })
})

describe('a sub-agent that was started unheard', () => {
  it('is found after a gap, also one of its own, and what it asks can be answered', async () => {
    const { h, id, external } = await working()
    const message = h.engine.begin(external)
    h.engine.part(external, message, fakeTool('task', { tool: 'task', kind: 'think' }))
    const child = h.engine.add('child', `/work/${id}`, 'Explore', external)
    const grandchild = h.engine.add('grandchild', `/work/${id}`, 'Look closer', child.external_id)
    // Nobody is told of these: the stream of events was down.
    for (const session of [child, grandchild]) session.run = { status: 'busy' }
    h.engine.ask(grandchild.external_id, 'per_1')
    expect(h.state(id).permissions).toEqual([])
    h.engine.emit({ type: 'gap' })
    h.engine.emit({ type: 'gap' })
    await h.settle()
    const found = h.service.events.summaries().filter((one) => one.parent_id !== null)
    expect(found.map((one) => one.title).toSorted()).toEqual(['Explore', 'Look closer'])
    expect(h.state(id).session).toMatchObject({ status: 'waiting', attention: 'permission' })
    expect(h.state(id).messages[1]?.parts).toMatchObject([
      { child_session_id: found.find((one) => one.title === 'Explore')?.agent_session_id },
    ])
    h.send({ id: newId('command'), session_id: id, kind: 'permission', permission_id: 'per_1', reply: 'once' })
    await h.settle()
    expect(h.engine.effects.get('per_1')).toBe(1)
    expect(h.state(id).permissions).toMatchObject([{ id: 'per_1', resolution: { outcome: 'once' } }])
  })

  it('that has ended is shown as ended', async () => {
    const { h, id, external } = await working()
    h.engine.add('child', `/work/${id}`, 'Explore', external)
    h.engine.emit({ type: 'gap' })
    await h.settle()
    expect(h.service.events.summaries().find((one) => one.parent_id === id)).toMatchObject({ status: 'idle' })
  })
})

describe('what is not ours', () => {
  it('is ignored: foreign sessions, parts without a message, events after the end', async () => {
    const { h, id, external } = await working()
    const head = h.service.events.head(id)?.seq
    h.engine.emit({ type: 'run', external_id: 'ses_foreign', run: { status: 'busy' } })
    h.engine.emit({ type: 'session.created', external_id: 'x', parent_external_id: null, directory: '/', title: 'x' })
    h.engine.emit({ type: 'part', external_id: external, message_id: 'nowhere', part: fakeTool('t') })
    h.engine.emit({ type: 'part.delta', external_id: external, message_id: 'nowhere', part_id: 't', text: 'x' })
    expect(h.service.events.head(id)?.seq).toBe(head)
    await h.service.close()
    h.engine.emit({ type: 'message', external_id: external, message: emptyMessage('m', 'assistant', '2026-01-01') })
    expect(h.clock.pending()).toBe(0)
    expect(h.logged).toEqual([])
  })
})
