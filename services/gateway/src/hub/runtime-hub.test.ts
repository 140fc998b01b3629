import { newId } from '@pilot/domain/ids'
import { encodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import { beforeEach, describe, expect, test } from 'vitest'
import { MAX_VIEWERS_PER_USER, VIEWER_BURST } from './limits.ts'
import { FakeSocket, HubWorld } from './test-support.ts'

let world: HubWorld
beforeEach(() => {
  world = new HubWorld()
})

const target = () => ({
  runtime_id: world.identity.runtime_id,
  workspace_id: world.workspace.workspace_id,
  generation: 1,
  actor: { user_id: newId('user'), role: 'member' as const },
  request_id: newId('request'),
  session_id: newId('session'),
})
const drain = { type: 'runtime.drain', on: true }

describe('link R', () => {
  test('hello is answered with the welcome and written down once', async () => {
    const runtime = await world.runtime()
    expect(runtime.last('runtime.welcome')).toMatchObject({
      schema_version: '1',
      limits: { max_frame: 16_384 },
      workspaces: [world.workspace],
      model: null,
    })
    expect(world.presence).toMatchObject([{ online: true, hello: 'boot-0001' }])
    expect(world.hub.presence()).toMatchObject({ online: true, version: '0.1.0' })
  })
  test('before hello nothing is taken and nothing is sent', async () => {
    const socket = world.socket()
    world.hub.acceptRuntime(socket, world.identity, 'boot-0001')
    world.say(socket, { type: 'agent.summary', summary: world.summary() })
    const early = expect(world.hub.command(drain)).rejects.toMatchObject({ code: 'RUNTIME_OFFLINE' })
    await world.clock.advance(5_000)
    await early
    expect([socket.sent, world.summaries]).toEqual([[], []])
    await world.clock.advance(5_000)
    expect(socket.closed?.code).toBe(4008)
  })
  test('a hello of another runtime is closed 4008, one that is too old 4010', async () => {
    const forged = world.socket()
    world.hub.acceptRuntime(forged, world.identity, 'boot-0001')
    world.hub.onMessage(forged, world.hello('boot-0001', { runtime_id: newId('runtime') }))
    expect(forged.closed?.code).toBe(4008)
    const old = world.socket()
    world.hub.acceptRuntime(old, world.identity, 'boot-0001')
    world.hub.onMessage(old, world.hello('boot-0001', { protocol: { min: 7, max: 9 } }))
    expect(old.closed?.code).toBe(4010)
  })
  test('a database that is away closes the link so that it tries again', async () => {
    world.fail = true
    const runtime = await world.runtime()
    expect(runtime.closed?.code).toBe(4000)
  })
  test('the later link wins: the old one is closed 4001 with the winner, its frames are dropped', async () => {
    const first = await world.runtime('boot-0001')
    const pending = world.hub.command(drain)
    const streaming = world.hub.tunnel(new Request('http://x/health'), target())
    const rejected = Promise.allSettled([pending, streaming])
    await world.clock.advance(0)
    expect([world.hub.stats.pending, world.hub.stats.streams]).toEqual([1, 1])
    const second = await world.runtime('boot-0002')
    expect(first.closed).toEqual({ code: 4001, reason: 'REPLACED boot-0002' })
    expect(await rejected).toMatchObject([
      { reason: { code: 'RUNTIME_OFFLINE' } },
      { reason: { code: 'RUNTIME_OFFLINE' } },
    ])
    world.say(first, { type: 'agent.summary', summary: world.summary() })
    world.hub.onMessage(first, world.hello('boot-0001'))
    world.hub.onClose(first)
    expect([world.summaries, world.hub.presence().online]).toEqual([[], true])
    expect(second.closed).toBeNull()
  })
  test('unknown types are refused, oversize and broken frames close 4008', async () => {
    const runtime = await world.runtime()
    world.say(runtime, { type: 'runtime.dance', request_id: 'abcdefgh' })
    expect(runtime.last('error')).toMatchObject({ code: 'UNSUPPORTED_MESSAGE', request_id: 'abcdefgh' })
    world.hub.onMessage(runtime, Uint8Array.of(9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0))
    expect(runtime.closed).toBeNull()
    world.hub.onMessage(runtime, `"${'x'.repeat(1_048_576)}"`)
    expect(runtime.closed?.code).toBe(4008)
    const other = await world.runtime('boot-0002')
    world.hub.onMessage(other, Uint8Array.of(3, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255))
    expect(other.closed?.code).toBe(4008)
  })
})

describe('tracked commands', () => {
  test('resolve with the data of the ack, reject with the error', async () => {
    const runtime = await world.runtime()
    const good = world.hub.command(drain)
    await world.clock.advance(0)
    world.say(runtime, { type: 'ack', request_id: runtime.last('runtime.drain').request_id, ok: true, data: 7 })
    expect(await good).toBe(7)
    const bad = world.hub.command(drain)
    const failed = expect(bad).rejects.toMatchObject({ code: 'STORAGE_FULL', message: 'full' })
    await world.clock.advance(0)
    world.say(runtime, {
      type: 'error',
      request_id: runtime.last('runtime.drain').request_id,
      code: 'STORAGE_FULL',
      message: 'full',
      retryable: true,
    })
    await failed
    expect([world.hub.stats.pending, world.clock.pending]).toEqual([0, 0])
  })
  test('time out after 10 s; progress gives a workspace command more time', async () => {
    const runtime = await world.runtime()
    const silent = expect(world.hub.command(drain)).rejects.toMatchObject({ code: 'RUNTIME_TIMEOUT' })
    await world.clock.advance(10_000)
    await silent
    const { workspace_id } = world.workspace
    const scope = { workspace_id, generation: 1, actor: target().actor }
    let settled = false
    const detach = world.hub.command({ type: 'workspace.detach', ...scope }).finally(() => {
      settled = true
    })
    const rejected = expect(detach).rejects.toMatchObject({ code: 'RUNTIME_TIMEOUT' })
    await world.clock.advance(0)
    const { request_id } = runtime.last('workspace.detach')
    await world.clock.advance(100_000)
    world.say(runtime, { type: 'workspace.progress', request_id, workspace_id, step: 'copy', message: 'half' })
    await world.clock.advance(100_000)
    expect(settled).toBe(false)
    await world.clock.advance(20_000)
    await rejected
  })
  test('one request id is one command', async () => {
    const runtime = await world.runtime()
    const both = [1, 2].map(() => world.hub.command({ ...drain, request_id: 'same-request' }))
    await world.clock.advance(0)
    expect(runtime.messages('runtime.drain')).toHaveLength(1)
    world.say(runtime, { type: 'ack', request_id: 'same-request', ok: true, data: 'once' })
    expect(await Promise.all(both)).toEqual(['once', 'once'])
  })
  test('all are rejected when the link closes', async () => {
    const runtime = await world.runtime()
    const all = Promise.allSettled([world.hub.command(drain), world.hub.command(drain), world.hub.command(drain)])
    await world.clock.advance(0)
    expect(world.hub.stats.pending).toBe(3)
    runtime.close(1006, '')
    expect((await all).map((result) => result.status === 'rejected' && result.reason.code)).toEqual(
      Array(3).fill('RUNTIME_OFFLINE'),
    )
    expect(world.clock.pending).toBe(0)
  })
  test('a message that is no command is refused before it leaves', async () => {
    const runtime = await world.runtime()
    const sent = runtime.sent.length
    await expect(world.hub.command({ type: 'runtime.welcome' })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
    expect([runtime.sent.length, world.hub.stats.pending, world.clock.pending]).toEqual([sent, 0, 0])
  })
})

describe('presence', () => {
  test('the close is written at once, tabs are told', async () => {
    const runtime = await world.runtime()
    const viewer = world.viewer()
    expect(viewer.last('runtime.state')).toMatchObject({ online: true })
    runtime.close(1006, '')
    expect(viewer.last('runtime.state')).toMatchObject({ online: false })
    await world.clock.advance(0)
    expect(world.presence.map((change) => change.online)).toEqual([true, false])
  })
  test('written again every five minutes, not more', async () => {
    const runtime = await world.runtime()
    for (let second = 0; second < 600; second += 20) {
      await world.clock.advance(20_000)
      world.hub.onMessage(runtime, 'ping')
      if (world.alarm !== null && world.alarm <= world.clock.now()) await world.hub.onAlarm()
    }
    expect(runtime.sent.filter((data) => data === 'pong')).toHaveLength(30)
    expect(world.presence).toHaveLength(3)
  })
  test('90 s without a sign of life end the link; an answered ping is one', async () => {
    const runtime = await world.runtime()
    await world.clock.advance(89_000)
    runtime.autoResponse = world.clock.now()
    await world.clock.advance(80_000)
    await world.hub.onAlarm()
    expect(runtime.closed).toBeNull()
    await world.clock.advance(10_000)
    await world.hub.onAlarm()
    expect(runtime.closed?.code).toBe(4000)
    expect(world.hub.presence().online).toBe(false)
  })
  test('health is told', async () => {
    const runtime = await world.runtime()
    const health = { cpu: 0.5, memory_used: 1, memory_total: 2, disk_used: 3, disk_total: 4 }
    world.say(runtime, { type: 'runtime.health', ...health, uptime_s: 5 })
    expect(world.hub.presence().health).toEqual(health)
  })
  test('a revoked runtime is closed 4003', async () => {
    const runtime = await world.runtime()
    world.hub.disconnectRuntime(4003, 'revoked')
    expect(runtime.closed?.code).toBe(4003)
    await expect(world.hub.tunnel(new Request('http://x/'), target())).rejects.toMatchObject({
      code: 'RUNTIME_OFFLINE',
    })
  })
})

describe('tabs', () => {
  test('summaries go to the tabs of their workspace and to the organization; foreign ones nowhere', async () => {
    const other = world.newWorkspace()
    world.welcomed.workspaces.push(other)
    const runtime = await world.runtime()
    const here = world.viewer()
    const there = world.viewer({ workspace_id: other.workspace_id })
    const summary = world.summary()
    world.say(runtime, { type: 'agent.summary', summary })
    world.say(runtime, { type: 'agent.summary', summary: world.summary({ workspace_id: newId('workspace') }) })
    await world.clock.advance(0)
    expect(here.messages('agent.summary')).toMatchObject([{ summary }])
    expect(there.messages('agent.summary')).toEqual([])
    expect(world.summaries).toEqual([summary])
    expect(world.published).toEqual([[world.identity.organization_id, summary.agent_session_id]])
  })
  test('a probe goes the whole way and back', async () => {
    const runtime = await world.runtime()
    const viewer = world.viewer()
    world.say(viewer, { type: 'probe', request_id: 'probe-0001', nonce: 'n1' })
    await world.clock.advance(0)
    const { request_id, nonce } = runtime.last('probe')
    expect([nonce, request_id === 'probe-0001']).toEqual(['n1', false])
    world.say(runtime, { type: 'ack', request_id, ok: true, data: { nonce, runtime_time: 't' } })
    await world.clock.advance(0)
    expect(viewer.last('ack')).toMatchObject({ request_id: 'probe-0001', data: { nonce: 'n1', runtime_time: 't' } })
    runtime.close(1006, '')
    world.say(viewer, { type: 'probe', request_id: 'probe-0002', nonce: 'n2' })
    await world.clock.advance(0)
    expect(viewer.last('error')).toMatchObject({ request_id: 'probe-0002', code: 'RUNTIME_OFFLINE', retryable: true })
  })
  test('binary, oversize and flooding tabs are closed, others stay', async () => {
    await world.runtime()
    const [binary, large, flood, calm] = [world.viewer(), world.viewer(), world.viewer(), world.viewer()]
    world.hub.onMessage(
      binary,
      encodeFrame({ kind: FRAME_KIND.stream_data, channel: 2, offset: 0, payload: new Uint8Array(1) }),
    )
    world.hub.onMessage(large, `"${'x'.repeat(65_536)}"`)
    for (let count = 0; count <= VIEWER_BURST; count += 1) world.hub.onMessage(flood, 'ping')
    expect([binary.closed?.code, large.closed?.code, flood.closed?.code, calm.closed]).toEqual([4008, 4008, 4029, null])
    expect(world.hub.stats.viewers).toBe(1)
  })
  test('messages of the runtime from a tab are not known', async () => {
    await world.runtime()
    const viewer = world.viewer()
    world.say(viewer, { type: 'agent.summary', summary: world.summary() })
    world.hub.onMessage(viewer, world.hello('boot-evil'))
    expect(viewer.messages('error').map((error) => error.code)).toEqual(['UNSUPPORTED_MESSAGE', 'UNSUPPORTED_MESSAGE'])
    expect(world.summaries).toEqual([])
  })
  test('too many tabs of one user are refused', async () => {
    const user_id = newId('user')
    const viewers = Array.from({ length: MAX_VIEWERS_PER_USER + 1 }, () => world.viewer({ user_id }))
    expect(viewers.at(-1)?.closed?.code).toBe(4029)
    expect(world.hub.stats.viewers).toBe(MAX_VIEWERS_PER_USER)
  })
  test('a session that ends closes its tabs, and only them', async () => {
    const session_id = newId('session')
    const [mine, other] = [world.viewer({ session_id }), world.viewer()]
    world.hub.disconnectSession(session_id, 'revoked')
    expect([mine.closed?.code, other.closed]).toEqual([4003, null])
  })
  test('tabs of a session that may do something else come back as what they are', async () => {
    const session_id = newId('session')
    const viewer = world.viewer({ session_id })
    world.hub.disconnectSession(session_id, 'changed')
    expect(viewer.closed).toEqual({ code: 4000, reason: 'other rights' })
  })
  test('a tab that does not answer the close is not listened to', async () => {
    const runtime = await world.runtime()
    const session_id = newId('session')
    const viewer = world.viewer({ session_id })
    viewer.onClosed = () => undefined
    world.hub.disconnectSession(session_id, 'revoked')
    world.say(viewer, { type: 'agent.watch', request_id: 'request-1', agent_session_id: newId('agent_session') })
    expect([world.hub.stats.viewers, runtime.messages('agent.watch')]).toEqual([0, []])
  })
  test('who is no longer allowed is closed within five minutes', async () => {
    const viewer = world.viewer()
    world.allowed = false
    expect(world.alarm).toBe(world.clock.now() + 300_000)
    await world.clock.advance(300_000)
    await world.hub.onAlarm()
    expect(viewer.closed?.code).toBe(4003)
  })
  test('a workspace that moved sends its tabs to its new machine', async () => {
    await world.runtime()
    const viewer = world.viewer()
    await world.hub.refreshWelcome()
    expect(viewer.closed).toBeNull()
    world.welcomed.workspaces[0] = { ...world.workspace, generation: 2 }
    await world.hub.refreshWelcome()
    expect(viewer.closed?.code).toBe(4000)
  })
})

describe('sleep', () => {
  test('the hub is built again from its sockets, and the runtime says hello again', async () => {
    const runtime = await world.runtime()
    const viewer = world.viewer()
    world.presence.length = 0
    world.evict([viewer, runtime])
    expect(runtime.last('runtime.resync')).toBeTruthy()
    expect(world.hub.stats.viewers).toBe(1)
    expect(world.hub.presence().online).toBe(true)
    const waiting = world.hub.command(drain)
    expect(runtime.messages('runtime.drain')).toEqual([])
    world.hub.onMessage(runtime, world.hello('boot-0001'))
    await world.clock.advance(0)
    world.say(runtime, { type: 'ack', request_id: runtime.last('runtime.drain').request_id, ok: true })
    await waiting
    expect(runtime.messages('runtime.welcome')).toHaveLength(2)
    expect(world.hub.presence()).toMatchObject({ online: true, version: '0.1.0' })
    // The same boot was known already: no write.
    expect(world.presence).toEqual([])
  })
  test('of two links of before the later one counts', async () => {
    const first = await world.runtime('boot-0001')
    const second = await world.runtime('boot-0002')
    for (const order of [
      [first, second],
      [second, first],
    ]) {
      const kept = order.map((socket) => {
        const copy = new FakeSocket()
        copy.stored = socket.stored
        return copy
      })
      world.evict(kept)
      const states = Object.fromEntries(
        kept.map((socket) => [JSON.parse(socket.stored ?? '{}').boot_id, socket.closed?.code]),
      )
      expect(states).toEqual({ 'boot-0001': 4001, 'boot-0002': undefined })
    }
  })
  test('a socket of something else is closed', () => {
    const stranger = new FakeSocket()
    world.evict([stranger])
    expect(stranger.closed?.code).toBe(4000)
  })
})
