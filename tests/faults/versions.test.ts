import { newId } from '@pilot/domain/ids'
import { HubWorld } from '@pilot/gateway/hub/test-support'
import { CLOSE } from '@pilot/protocol/close-codes'
import { encode } from '@pilot/protocol/envelope'
import { expect, it } from 'vitest'
import { FaultReport } from '../support/fault-report.ts'

/**
 * The hello of the release before terminals, as it was recorded on the wire but for the ids. It must stay as it is:
 * such machines are in the field.
 */
const RECORDED = {
  schema_version: '1',
  type: 'runtime.hello',
  boot_id: '96f1fd2f-715b-4747-997f-28d76db91a81',
  version: '0.1.0',
  os: 'linux',
  arch: 'x64',
  system: { cpus: 2, ram: 25_276_510_208, release: '6.18.44' },
  capabilities: {
    sessions: true,
    opencode: true,
    fs: false,
    git: true,
    terminal: false,
    github: false,
    push: false,
    mgmt: false,
  },
  protocol: { min: 1, max: 1 },
}

function connected(change: object) {
  const world = new HubWorld()
  const socket = world.socket()
  const { runtime_id } = world.identity
  world.hub.acceptRuntime(socket, world.identity, RECORDED.boot_id)
  const workspaces = [{ workspace_id: world.workspace.workspace_id, generation: 1 }]
  world.hub.onMessage(socket, encode({ ...RECORDED, runtime_id, workspaces, ...change }))
  return { world, socket }
}

it('F26: a machine of the version before is served, and what it cannot do is a code', async () => {
  const report = new FaultReport('F26', 'machines of other versions')
  const { world, socket } = connected({})
  await world.clock.advance(0)
  expect(socket.last('runtime.welcome')).toMatchObject({ workspaces: [{ slug: 'demo' }] })
  expect(world.hub.presence()).toMatchObject({ online: true, version: '0.1.0' })
  // What it knows goes on: a probe, a request.
  const tab = world.viewer()
  world.say(tab, { type: 'probe', request_id: 'probe-0001', nonce: 'n' })
  await world.clock.advance(0)
  const probe = socket.last('probe')
  world.say(socket, { type: 'ack', request_id: probe.request_id, ok: true, data: { nonce: 'n' } } as never)
  await world.clock.advance(0)
  expect(tab.last('ack')).toMatchObject({ request_id: 'probe-0001', ok: true })
  report.run()

  // What it does not know: it answers an error that says so, or nothing; the tab is told, and nothing else is harmed.
  world.say(tab, {
    type: 'terminal.attach',
    request_id: 'attach-0001',
    terminal_id: newId('terminal'),
    writer_id: 'writer-0001',
    cols: 80,
    rows: 24,
    visible: true,
  })
  await world.clock.advance(0)
  for (const asked of socket.messages('terminal.attach')) {
    const { request_id } = asked
    const refusal = {
      code: 'UNSUPPORTED_MESSAGE',
      message: 'The message "terminal.attach" is not known.',
      retryable: false,
    }
    world.hub.onMessage(socket, encode({ type: 'error', ...refusal, request_id: String(request_id) }))
  }
  await world.clock.advance(30_000)
  const told = tab.messages('error').find(({ request_id }) => request_id === 'attach-0001')
  expect(told).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/), message: expect.any(String) })
  expect([socket.closed, tab.closed]).toEqual([null, null])
  expect(world.hub.stats).toMatchObject({ pending: 0, streams: 0 })
  report.run()

  // Later than this one, but still speaking it, with fields and messages that are not known here.
  const later = connected({ protocol: { min: 2, max: 9 }, version: '9.0.0', wings: 2 })
  await later.world.clock.advance(0)
  expect(later.socket.last('runtime.welcome')).toBeDefined()
  later.world.hub.onMessage(
    later.socket,
    encode({ type: 'runtime.wings', request_id: 'wings-0001', count: 2 } as never),
  )
  expect(later.socket.last('error')).toMatchObject({ code: 'UNSUPPORTED_MESSAGE', request_id: 'wings-0001' })
  expect(later.socket.closed).toBeNull()
  report.run()

  // Too old, and too new.
  for (const protocol of [
    { min: 0, max: 0 },
    { min: 100, max: 101 },
  ]) {
    const { world: other, socket: refused } = connected({ protocol })
    await other.clock.advance(0)
    expect(refused.closed?.code).toBe(CLOSE.upgrade_required)
    expect(refused.messages('runtime.welcome')).toEqual([])
    expect(other.hub.presence().online).toBe(false)
    report.run()
  }
  report.finish()
})
