import { newId } from '@pilot/domain/ids'
import { beforeEach, describe, expect, test } from 'vitest'
import { HubWorld } from '../test-support.ts'
import { LocalHub } from './local-hub.ts'
import { localSocketHandlers, type NativeSocket, type SocketData } from './native-socket.ts'

/** A server's socket as the client's end sees it. */
class Native implements NativeSocket {
  readonly data: SocketData
  readonly sent: (string | Uint8Array)[] = []
  closed: { code?: number; reason?: string } | null = null
  full = false
  constructor(data: SocketData) {
    this.data = data
  }
  send(data: string | Uint8Array): number {
    if (this.full) return 0
    this.sent.push(data)
    return 1
  }
  close(code?: number, reason?: string): void {
    if (this.closed) return
    this.closed = { code, reason }
    localSocketHandlers.close(this)
  }
}

let world: HubWorld
let hub: LocalHub
let upgrades: { data: SocketData; headers?: Record<string, string> }[]
beforeEach(() => {
  world = new HubWorld()
  upgrades = []
  hub = new LocalHub({
    upgrade: (request, options) => {
      if (request.headers.get('upgrade') !== 'websocket') return false
      upgrades.push(options)
      return true
    },
    backend: world.backend,
    clock: world.clock,
  })
})

const upgradeRequest = (headers: Record<string, string> = {}) =>
  new Request('http://x/', { headers: { upgrade: 'websocket', ...headers } })
/** What the server does after it took over the connection. */
function opened(): Native {
  const native = new Native(upgrades.at(-1)!.data)
  localSocketHandlers.open(native)
  return native
}
async function runtime(bootId = 'boot-0001'): Promise<Native> {
  await hub.connectRuntime(upgradeRequest({ 'x-pilot-boot-id': bootId }), world.identity)
  const native = opened()
  localSocketHandlers.message(native, world.hello(bootId))
  await world.clock.advance(0)
  return native
}
const viewerIdentity = () => ({
  ...world.identity,
  workspace_id: world.workspace.workspace_id,
  generation: 1,
  user_id: newId('user'),
  role: 'member' as const,
  session_id: newId('session'),
  read_only: false,
})

test('an upgraded request is marked, one that is none is answered 426', async () => {
  const request = upgradeRequest({ 'sec-websocket-protocol': 'other, rt.1' })
  await hub.connectRuntime(request, world.identity)
  expect(hub.wasUpgraded(request)).toBe(true)
  expect(upgrades[0]?.headers).toEqual({ 'Sec-WebSocket-Protocol': 'rt.1' })
  const plain = new Request('http://x/')
  expect((await hub.connectRuntime(plain, world.identity)).status).toBe(426)
  expect(hub.wasUpgraded(plain)).toBe(false)
})

test('presence, commands and streams of a runtime that was never here', async () => {
  const { runtime_id } = world.identity
  expect((await hub.presence([runtime_id])).get(runtime_id)).toMatchObject({ online: false, last_seen_at: null })
  await expect(hub.command(runtime_id, { type: 'runtime.drain', on: true })).rejects.toMatchObject({
    code: 'RUNTIME_OFFLINE',
  })
  await hub.disconnectRuntime(runtime_id, 4003, 'revoked')
  await hub.refreshWelcome(runtime_id)
})

test('a replaced runtime learns by whom', async () => {
  const first = await runtime('boot-0001')
  await runtime('boot-0002')
  expect(first.closed).toEqual({ code: 4001, reason: 'REPLACED boot-0002' })
})

test('summaries of a runtime reach the tabs of its organization, invalidations too', async () => {
  const { organization_id } = world.identity
  await hub.connectOrganization(upgradeRequest(), {
    organization_id,
    user_id: newId('user'),
    session_id: newId('session'),
  })
  const tab = opened()
  const native = await runtime()
  const summary = world.summary()
  localSocketHandlers.message(native, JSON.stringify({ schema_version: '1', type: 'agent.summary', summary }))
  await world.clock.advance(0)
  await hub.invalidate(organization_id, [['machine', 'list']])
  await hub.invalidate(newId('organization'), [['nobody']])
  expect(tab.sent.map((text) => JSON.parse(String(text)).type)).toEqual(['agent.summary', 'invalidate'])
})

test('sign-out closes the tabs of links W and O', async () => {
  const identity = viewerIdentity()
  const { organization_id, user_id, session_id, runtime_id } = identity
  await hub.connectViewer(upgradeRequest(), identity)
  const viewer = opened()
  await hub.connectOrganization(upgradeRequest(), { organization_id, user_id, session_id })
  const tab = opened()
  await hub.disconnectSession(organization_id, [runtime_id], session_id, 'revoked')
  expect([viewer.closed?.code, tab.closed?.code]).toEqual([4003, 4003])
})

test('a refusal is an upgrade that closes at once', async () => {
  await hub.refuse(upgradeRequest(), 4004, 'no such runtime')
  const native = opened()
  expect(native.closed).toEqual({ code: 4004, reason: 'no such runtime' })
  localSocketHandlers.message(native, 'late')
})

test('a socket that refuses data is closed instead of leaving a hole', async () => {
  await hub.connectViewer(upgradeRequest(), viewerIdentity())
  const viewer = opened()
  viewer.full = true
  await runtime()
  expect(viewer.closed?.code).toBe(4000)
})

describe('timers', () => {
  test('a runtime that falls silent is closed by the alarm', async () => {
    const native = await runtime()
    await world.clock.advance(89_000)
    expect(native.closed).toBeNull()
    await world.clock.advance(2_000)
    expect(native.closed?.code).toBe(4000)
  })
  test('stop closes everything and leaves no timer', async () => {
    const native = await runtime()
    await hub.connectViewer(upgradeRequest(), viewerIdentity())
    const viewer = opened()
    hub.stop()
    await world.clock.advance(0)
    expect([native.closed?.code, viewer.closed?.code, world.clock.pending]).toEqual([4000, 4000, 0])
    expect(world.presence.map((change) => change.online)).toEqual([true, false])
  })
})
