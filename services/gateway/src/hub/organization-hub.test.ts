import { newId } from '@pilot/domain/ids'
import { beforeEach, expect, test } from 'vitest'
import { OrganizationHub } from './organization-hub.ts'
import { FakeSocket, HubWorld } from './test-support.ts'

const organization_id = newId('organization')
let world: HubWorld
let hub: OrganizationHub
let allowed: boolean
const ports = () => ({
  clock: world.clock,
  backend: { ...world.backend, memberAllowed: async () => allowed },
  setAlarm: world.ports.setAlarm,
  log: world.ports.log,
})

beforeEach(() => {
  world = new HubWorld()
  allowed = true
  hub = new OrganizationHub(organization_id, ports())
})

function member(session_id = newId('session')): FakeSocket {
  const socket = new FakeSocket()
  socket.onClosed = () => hub.onClose(socket)
  hub.accept(socket, { organization_id, user_id: newId('user'), session_id })
  return socket
}

test('every tab hears invalidations, summaries and notices', () => {
  const tabs = [member(), member()]
  hub.invalidate([['machine', 'list', 'inst_1']], 'request-1')
  const summary = world.summary()
  hub.summary(summary)
  hub.notify({ level: 'info', message: 'hello', link: null })
  for (const tab of tabs) {
    expect(tab.messages()).toMatchObject([
      { type: 'invalidate', keys: [['machine', 'list', 'inst_1']], request_id: 'request-1' },
      { type: 'agent.summary', summary },
      { type: 'notify', level: 'info', message: 'hello', link: null },
    ])
  }
})

test('a tab that talks is told so, one that shouts is closed', () => {
  const tab = member()
  hub.onMessage(tab, 'ping')
  hub.onMessage(tab, '{"type":"invalidate"}')
  expect(tab.sent[0]).toBe('pong')
  expect(tab.last('error')).toMatchObject({ code: 'UNSUPPORTED_MESSAGE' })
  hub.onMessage(tab, 'x'.repeat(70_000))
  expect(tab.closed?.code).toBe(4008)
  expect(hub.size).toBe(0)
})

test('sign-out and lost membership close the tabs', async () => {
  const session_id = newId('session')
  const [mine, other] = [member(session_id), member()]
  hub.disconnectSession(session_id, 'revoked')
  expect([mine.closed?.code, other.closed]).toEqual([4003, null])
  allowed = false
  await hub.onAlarm()
  expect(other.closed?.code).toBe(4003)
})

test('after a sleep the tabs are there again, strangers are not', () => {
  const tab = member()
  const stranger = new FakeSocket()
  stranger.setAttachment({
    kind: 'member',
    organization_id: newId('organization'),
    user_id: newId('user'),
    session_id: newId('session'),
  })
  hub = new OrganizationHub(organization_id, ports())
  hub.restore([tab, stranger])
  hub.invalidate([['a']])
  expect(tab.messages('invalidate')).toHaveLength(1)
  expect(stranger.closed?.code).toBe(4000)
})
