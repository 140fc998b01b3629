import { newId } from '@pilot/domain/ids'
import type { AgentEvent } from '@pilot/protocol/agent/event'
import { FakeClock, settle } from '@pilot/protocol/link/fake-clock'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { PilotClientError } from '../errors.ts'
import { FakeRuntime, fakeMessage } from '../testing/fake-runtime.ts'
import { createSessionStore, type SessionStore } from './session-store.ts'

const session = newId('agent_session')
const stores: SessionStore[] = []
afterEach(() => {
  for (const store of stores.splice(0)) store.close()
})

function open(runtime: FakeRuntime, clock = new FakeClock()) {
  const store = createSessionStore({ session, sessions: runtime.sessions, feed: runtime.feed, clock })
  stores.push(store)
  return { store, clock }
}
const append = (offset: number, text: string): AgentEvent => ({
  type: 'part.appended',
  message_id: 'm1',
  part_id: 'm1-text',
  field: 'text',
  offset,
  text,
})
const textOf = (store: SessionStore) => {
  const part = store.getView().state.messages.at(-1)?.parts[0]
  return part?.type === 'text' ? part.text : null
}

describe('session store', () => {
  it('shows the same after a reload in mid-stream as the tab that saw everything', async () => {
    const runtime = new FakeRuntime(session, [fakeMessage('m1', '')])
    const first = open(runtime)
    await settle()
    runtime.emit(append(0, 'Hel'))
    runtime.emit(append(3, 'lo'))
    const second = open(runtime)
    runtime.emit(append(5, ' there'))
    await settle()
    runtime.emit(append(11, '.'))
    await first.clock.advance(20)
    await second.clock.advance(20)
    expect(textOf(first.store)).toBe('Hello there.')
    expect(second.store.getView().state).toEqual(first.store.getView().state)
    expect(runtime.snapshots).toBe(2)
  })

  it('fills what happened while the snapshot was on its way', async () => {
    const runtime = new FakeRuntime(session, [fakeMessage('m1', '')])
    runtime.hold = true
    const { store, clock } = open(runtime)
    await settle()
    runtime.emit(append(0, 'late'))
    runtime.release()
    await clock.advance(20)
    expect(textOf(store)).toBe('late')
    expect(store.getView().position).toEqual({ epoch: 'e1', seq: 1 })
  })

  it('ignores repeated events and refetches after a gap', async () => {
    const runtime = new FakeRuntime(session, [fakeMessage('m1', '')])
    const { store, clock } = open(runtime)
    await settle()
    const [watcher] = runtime.watchers
    runtime.emit(append(0, 'a'))
    watcher?.event({ epoch: 'e1', seq: 1 }, append(0, 'zzz'))
    await clock.advance(20)
    expect(textOf(store)).toBe('a')
    runtime.commit(append(1, 'b'))
    runtime.emit(append(2, 'c'))
    await clock.advance(20)
    expect(textOf(store)).toBe('abc')
    expect(runtime.snapshots).toBe(2)
  })

  it('refetches when the journal began anew', async () => {
    const runtime = new FakeRuntime(session, [fakeMessage('m1', 'old')])
    const { store, clock } = open(runtime)
    await settle()
    runtime.epoch = 'e2'
    runtime.journal.length = 0
    runtime.emit({ type: 'message.removed', message_id: 'm1' })
    await clock.advance(20)
    expect(store.getView().state.messages).toEqual([])
    expect(store.getView().position).toEqual({ epoch: 'e2', seq: 1 })
  })

  it('passes over an event that this page does not know', async () => {
    const runtime = new FakeRuntime(session, [fakeMessage('m1', '')])
    const { store, clock } = open(runtime)
    await settle()
    const [watcher] = runtime.watchers
    watcher?.event({ epoch: 'e1', seq: 1 }, null)
    watcher?.event({ epoch: 'e1', seq: 2 }, append(0, 'next'))
    await clock.advance(20)
    expect(textOf(store)).toBe('next')
    expect(runtime.snapshots).toBe(1)
  })

  it('loads older pages, keeps them over a refetch, and applies what happened meanwhile', async () => {
    const messages = Array.from({ length: 100 }, (_, index) => fakeMessage(`m${index}`, `${index}`))
    const runtime = new FakeRuntime(session, messages)
    const { store, clock } = open(runtime)
    await settle()
    expect(store.getView().state.messages).toHaveLength(40)
    runtime.hold = true
    store.loadOlder()
    store.loadOlder()
    await settle()
    runtime.emit({ type: 'part.upserted', message_id: 'm30', part: { id: 'p', type: 'note', text: 'new' } })
    runtime.release()
    await clock.advance(20)
    expect(runtime.snapshots).toBe(2)
    expect(store.getView().state.messages.map((message) => message.id)).toEqual(
      messages.slice(20).map((message) => message.id),
    )
    expect(
      store
        .getView()
        .state.messages.find((message) => message.id === 'm30')
        ?.parts.at(-1)?.id,
    ).toBe('p')
    const before = store.getView().state.messages
    store.refresh()
    await clock.advance(20)
    expect(store.getView().state.messages).toHaveLength(80)
    expect(store.getView().state.messages[5]).toBe(before[5])
    expect(store.getView().has_more).toBe(true)
  })

  it('keeps the content and tries again while the machine is away, and stops for a session that is not there', async () => {
    const runtime = new FakeRuntime(session, [fakeMessage('m1', 'kept')])
    const { store, clock } = open(runtime)
    await settle()
    runtime.fail = new PilotClientError('RUNTIME_OFFLINE', 'off')
    store.refresh()
    await settle()
    expect(store.getView()).toMatchObject({ phase: 'ready', error: { code: 'RUNTIME_OFFLINE' } })
    expect(textOf(store)).toBe('kept')
    runtime.fail = null
    await clock.advance(20_000)
    expect(store.getView().error).toBeNull()
    runtime.fail = new PilotClientError('SESSION_NOT_FOUND', 'gone')
    store.refresh()
    await settle()
    expect(store.getView().phase).toBe('missing')
    expect(clock.pending).toBe(0)
  })

  it('leaves no timer behind', async () => {
    const runtime = new FakeRuntime(session, [fakeMessage('m1', '')])
    runtime.fail = new PilotClientError('NETWORK', 'off')
    const { store, clock } = open(runtime)
    await settle()
    store.close()
    expect(clock.pending).toBe(0)
    expect(runtime.watchers.size).toBe(0)
  })

  it('ends in the state of the machine whatever order of losses, repeats and reloads', async () => {
    const step = fc.constantFrom('emit', 'lose', 'repeat', 'epoch', 'refresh', 'settle')
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const runtime = new FakeRuntime(session, [fakeMessage('m1', '')])
        const { store, clock } = open(runtime)
        let length = 0
        for (const what of steps) {
          if (what === 'emit') runtime.emit(append(length++, 'x'))
          else if (what === 'lose') runtime.commit(append(length++, 'y'))
          else if (what === 'repeat') {
            const last = runtime.journal.at(-1)
            const seq = runtime.journal.length
            if (last) for (const watcher of runtime.watchers) watcher.event({ epoch: runtime.epoch, seq }, last)
          } else if (what === 'epoch') {
            runtime.epoch += 'n'
            runtime.journal.length = 0
          } else if (what === 'refresh') store.refresh()
          else await settle()
        }
        await settle()
        runtime.emit(append(length, '.'))
        await clock.advance(50)
        expect(store.getView().state).toEqual(runtime.state)
        store.close()
      }),
      { numRuns: 150 },
    )
  })
})
