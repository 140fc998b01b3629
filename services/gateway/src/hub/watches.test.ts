import { type Id, newId } from '@pilot/domain/ids'
import { beforeEach, describe, expect, test } from 'vitest'
import { MAX_UNACKED_EVENTS, MAX_WATCHES_PER_VIEWER } from './limits.ts'
import { type FakeSocket, HubWorld } from './test-support.ts'

let world: HubWorld
let runtime: FakeSocket
const session = newId('agent_session')
let requests = 0

beforeEach(async () => {
  world = new HubWorld()
  runtime = await world.runtime()
})

function watch(viewer: FakeSocket, since?: { epoch: string; seq: number }, agent_session_id: string = session): string {
  requests += 1
  const request_id = `request-${requests}`
  world.say(viewer, { type: 'agent.watch', request_id, agent_session_id, since })
  return request_id
}
function watched(
  seq: number,
  mode = 'refetch',
  request_id = runtime.last('agent.watch').request_id,
  epoch = 'e1',
): void {
  const { workspace_id } = world.workspace
  world.say(runtime, { type: 'agent.watched', request_id, workspace_id, agent_session_id: session, epoch, seq, mode })
}
function event(seq: number, more: Record<string, unknown> = {}): void {
  world.say(runtime, {
    type: 'agent.event',
    workspace_id: world.workspace.workspace_id,
    agent_session_id: session,
    epoch: 'e1',
    seq,
    event: { type: 'todos.updated', todos: [] },
    ...more,
  })
}
const seqs = (viewer: FakeSocket) => viewer.messages('agent.event').map((message) => message.seq)

describe('a watch', () => {
  test('goes to the runtime with the identity of the socket, never of the message', () => {
    const user_id = newId('user')
    const viewer = world.viewer({ user_id, role: 'admin' })
    world.say(viewer, {
      type: 'agent.watch',
      request_id: 'request-spoof',
      agent_session_id: session,
      workspace_id: newId('workspace'),
      generation: 99,
      actor: { user_id: newId('user'), role: 'owner' },
      since: { epoch: 'e1', seq: 3 },
    })
    const asked = runtime.last('agent.watch')
    expect(asked).toMatchObject({
      workspace_id: world.workspace.workspace_id,
      generation: 1,
      actor: { user_id, role: 'admin' },
      agent_session_id: session,
      since: { epoch: 'e1', seq: 3 },
    })
    expect(asked.request_id).not.toBe('request-spoof')
    watched(3, 'replay')
    expect(viewer.last('agent.watched')).toEqual({
      schema_version: '1',
      type: 'agent.watched',
      request_id: 'request-spoof',
      agent_session_id: session,
      epoch: 'e1',
      seq: 3,
      mode: 'replay',
    })
  })
  test('two tabs get each event once, each from its own place; the replay is for one', () => {
    const first = world.viewer()
    watch(first)
    watched(10)
    const second = world.viewer()
    watch(second, { epoch: 'e1', seq: 8 })
    const { request_id: watch_id } = runtime.last('agent.watch')
    watched(8, 'replay')
    event(9, { watch_id })
    event(10, { watch_id })
    event(11)
    expect([seqs(first), seqs(second)]).toEqual([[11], [9, 10, 11]])
    expect(first.last('agent.event')).not.toHaveProperty('watch_id')
    expect(first.last('agent.event')).not.toHaveProperty('workspace_id')
  })
  test('events before agent.watched, repeated ones and foreign ones are not delivered', () => {
    const viewer = world.viewer()
    watch(viewer)
    event(1)
    watched(1)
    event(1)
    event(2)
    event(2)
    event(3, { workspace_id: newId('workspace') })
    event(3, { agent_session_id: newId('agent_session') })
    expect(seqs(viewer)).toEqual([2])
  })
  test('a tab of another workspace gets nothing of it, even with the right id', () => {
    const other = world.newWorkspace()
    const stranger = world.viewer({ workspace_id: other.workspace_id })
    const request_id = watch(stranger)
    world.say(runtime, {
      type: 'error',
      request_id: runtime.last('agent.watch').request_id,
      code: 'SESSION_NOT_FOUND',
      message: 'no',
      retryable: false,
    })
    expect(stranger.last('error')).toMatchObject({ request_id, code: 'SESSION_NOT_FOUND' })
    event(1)
    expect(seqs(stranger)).toEqual([])
    expect(world.hub.stats.watched).toBe(0)
  })
  test('an answer or a replay that names another workspace or session is not believed', async () => {
    const other = world.newWorkspace()
    world.welcomed.workspaces.push(other)
    const viewer = world.viewer()
    watch(viewer)
    const { request_id } = runtime.last('agent.watch')
    const wrong = { type: 'agent.watched', request_id, epoch: 'e1', seq: 0, mode: 'replay' }
    const { workspace_id } = world.workspace
    await world.hub.refreshWelcome()
    world.say(runtime, { ...wrong, workspace_id: other.workspace_id, agent_session_id: session })
    world.say(runtime, { ...wrong, workspace_id, agent_session_id: newId('agent_session') })
    expect(viewer.messages('agent.watched')).toEqual([])
    watched(0)
    event(1, { watch_id: request_id, workspace_id: other.workspace_id })
    expect(seqs(viewer)).toEqual([])
    event(1, { watch_id: request_id })
    expect(seqs(viewer)).toEqual([1])
  })
  test('a hole is filled from the journal', () => {
    const viewer = world.viewer()
    watch(viewer)
    watched(5)
    event(6)
    event(8)
    expect(runtime.last('agent.watch')).toMatchObject({ since: { epoch: 'e1', seq: 6 } })
    const { request_id: watch_id } = runtime.last('agent.watch')
    watched(6, 'replay')
    event(7, { watch_id })
    event(8, { watch_id })
    event(9)
    expect(seqs(viewer)).toEqual([6, 7, 8, 9])
  })
  test('another epoch asks again and the tab refetches', () => {
    const viewer = world.viewer()
    watch(viewer)
    watched(5)
    event(6, { epoch: 'e2' })
    watched(6, 'refetch', runtime.last('agent.watch').request_id, 'e2')
    event(7, { epoch: 'e2' })
    expect(viewer.last('agent.watched')).toMatchObject({ epoch: 'e2', seq: 6, mode: 'refetch' })
    expect(seqs(viewer)).toEqual([7])
  })
  test('an event that is too large for a tab becomes a refetch', () => {
    const viewer = world.viewer()
    watch(viewer)
    watched(0)
    event(1, { event: { type: 'part.upserted', text: 'x'.repeat(300_000) } })
    expect(viewer.last('agent.watched')).toMatchObject({ seq: 1, mode: 'refetch' })
    expect(viewer.last('agent.watched')).not.toHaveProperty('request_id')
    event(2)
    expect(seqs(viewer)).toEqual([2])
  })
  test('the runtime skips for everybody', () => {
    const [first, second] = [world.viewer(), world.viewer()]
    watch(first)
    watched(0)
    watch(second)
    watched(0)
    watched(50, 'refetch', undefined as never)
    world.say(runtime, {
      type: 'agent.watched',
      workspace_id: world.workspace.workspace_id,
      agent_session_id: session,
      epoch: 'e1',
      seq: 50,
      mode: 'refetch',
    })
    event(51)
    expect([seqs(first), seqs(second)]).toEqual([[51], [51]])
  })
  test('unwatch and the last tab that goes end it on the runtime', () => {
    const [first, second] = [world.viewer(), world.viewer()]
    watch(first)
    watched(0)
    watch(second)
    watched(0)
    world.say(first, { type: 'agent.unwatch', agent_session_id: session })
    event(1)
    expect(runtime.messages('agent.unwatch')).toEqual([])
    expect([seqs(first), seqs(second)]).toEqual([[], [1]])
    second.close(1001, '')
    expect(runtime.last('agent.unwatch')).toMatchObject({ agent_session_id: session })
    expect(world.hub.stats.watched).toBe(0)
  })
  test('a tab may not watch without end', () => {
    const viewer = world.viewer()
    for (let count = 0; count < MAX_WATCHES_PER_VIEWER; count += 1) watch(viewer, undefined, newId('agent_session'))
    const request_id = watch(viewer)
    expect(viewer.last('error')).toMatchObject({ request_id, code: 'LIMIT_REACHED' })
    expect(viewer.stored?.length).toBeLessThan(16_384)
  })
})

describe('a machine that is away', () => {
  test('the tab is told, and the watch goes on by itself when it is back', async () => {
    const viewer = world.viewer()
    watch(viewer)
    watched(0)
    event(1)
    event(2)
    runtime.close(1006, '')
    const request_id = watch(viewer, { epoch: 'e1', seq: 2 })
    expect(viewer.last('error')).toMatchObject({ request_id, code: 'RUNTIME_OFFLINE' })
    runtime = await world.runtime('boot-0002')
    expect(runtime.last('agent.watch')).toMatchObject({ since: { epoch: 'e1', seq: 2 } })
    watched(2, 'replay')
    expect(viewer.last('agent.watched')).not.toHaveProperty('request_id')
    event(3)
    expect(seqs(viewer)).toEqual([1, 2, 3])
  })
  test('a watch that was on its way is answered RUNTIME_OFFLINE', () => {
    const viewer = world.viewer()
    const request_id = watch(viewer)
    runtime.close(1006, '')
    expect(viewer.last('error')).toMatchObject({ request_id, code: 'RUNTIME_OFFLINE' })
  })
})

describe('a slow tab', () => {
  const ack = (viewer: FakeSocket, seq: number, id: Id<'agent_session'> = session) =>
    world.say(viewer, { type: 'agent.ack', agent_session_id: id, seq })

  test('gets nothing after 1,000 events without an ack, goes on once it has caught up, and holds nobody', () => {
    const [slow, quick] = [world.viewer(), world.viewer()]
    watch(slow)
    watched(0)
    watch(quick)
    watched(0)
    for (let seq = 1; seq <= MAX_UNACKED_EVENTS + 500; seq += 1) {
      event(seq)
      if (seq % 50 === 0) ack(quick, seq)
    }
    expect([seqs(slow).length, seqs(quick).length]).toEqual([MAX_UNACKED_EVENTS, MAX_UNACKED_EVENTS + 500])
    const asked = runtime.messages('agent.watch').length
    ack(slow, 999)
    expect(runtime.messages('agent.watch')).toHaveLength(asked)
    ack(slow, 1_000)
    expect(runtime.last('agent.watch')).toMatchObject({ since: { epoch: 'e1', seq: 1_000 } })
    watched(1_500)
    expect(slow.last('agent.watched')).toMatchObject({ seq: 1_500, mode: 'refetch' })
    event(1_501)
    expect(seqs(slow).at(-1)).toBe(1_501)
  })
  test('one megabyte unacknowledged is enough', () => {
    const slow = world.viewer()
    watch(slow)
    watched(0)
    for (let seq = 1; seq <= 20; seq += 1) event(seq, { event: { type: 'part.upserted', text: 'x'.repeat(100_000) } })
    expect(seqs(slow)).toHaveLength(10)
  })
  test('acks are cumulative; one of the future or of the past changes nothing', () => {
    const viewer = world.viewer()
    watch(viewer)
    watched(0)
    for (let seq = 1; seq <= 3; seq += 1) event(seq)
    const stored = () => JSON.parse(viewer.stored ?? '{}').watches[0].acked
    ack(viewer, 2)
    expect(stored()).toEqual({ epoch: 'e1', seq: 2 })
    ack(viewer, 1)
    expect(stored()).toEqual({ epoch: 'e1', seq: 2 })
    ack(viewer, 900)
    expect(stored()).toEqual({ epoch: 'e1', seq: 3 })
    ack(viewer, 1, newId('agent_session'))
  })
})

test('after a sleep the watches go on from what was acknowledged, without a gap', async () => {
  const viewer = world.viewer()
  watch(viewer)
  watched(0)
  for (let seq = 1; seq <= 5; seq += 1) event(seq)
  world.say(viewer, { type: 'agent.ack', agent_session_id: session, seq: 3 })
  world.evict([runtime, viewer])
  event(6)
  world.hub.onMessage(runtime, world.hello('boot-0001'))
  await world.clock.advance(0)
  expect(runtime.last('agent.watch')).toMatchObject({ since: { epoch: 'e1', seq: 3 } })
  const { request_id: watch_id } = runtime.last('agent.watch')
  watched(3, 'replay')
  for (let seq = 4; seq <= 6; seq += 1) event(seq, { watch_id })
  event(7)
  expect(seqs(viewer)).toEqual([1, 2, 3, 4, 5, 4, 5, 6, 7])
})
