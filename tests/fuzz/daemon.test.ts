import { RuntimeLink } from '@pilot/backend/link/runtime-link'
import { fakeService, openOrder } from '@pilot/backend/terminal/testing/harness'
import { newId } from '@pilot/domain/ids'
import { DownMessageSchema } from '@pilot/protocol/down'
import { encode } from '@pilot/protocol/envelope'
import { settle } from '@pilot/protocol/link/fake-clock'
import type { LinkSocketHandlers } from '@pilot/protocol/link/socket'
import { expect, it } from 'vitest'
import { FakeJournal } from '../faults/link-world.ts'
import { MessageMaker, usedMiB } from '../support/fuzz.ts'
import { until } from '../support/pilot.ts'
import { SEED, SOAK, seeded } from '../support/random.ts'

const MESSAGES = 1_000_000 * SOAK
const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => unhandled.push(reason))

it(`${MESSAGES} random and mutated messages leave the daemon's link alive and its memory flat (seed ${SEED})`, async () => {
  const random = seeded(SEED)
  const { clock, service, sources } = fakeService()
  const workspace_id = newId('workspace')
  const instance_id = newId('instance')
  const agent_session_id = newId('agent_session')
  const journal = new FakeJournal(agent_session_id, workspace_id)
  for (let count = 0; count < 50; count++) journal.append('text')
  const wires: LinkSocketHandlers[] = []
  let connections = 0
  let sent = 0
  let attached = 0
  const channels: number[] = []
  const remember = (channel: unknown) => {
    if (Number.isInteger(channel) && Number(channel) > 0 && Number(channel) < 2 ** 32) channels.push(Number(channel))
    if (channels.length > 16) channels.shift()
  }
  const link = new RuntimeLink({
    connect: (handlers) => {
      wires.push(handlers)
      connections += 1
      if (wires.length > 2) wires.shift()
      queueMicrotask(() => handlers.open())
      return {
        send: (data) => {
          sent += data.length
          if (typeof data !== 'string' || !data.includes('"terminal.attached"')) return
          attached += 1
          for (const [, channel] of data.matchAll(/channel":(\d+)/g)) remember(Number(channel))
        },
        close: () => undefined,
        bufferedAmount: () => 0,
      }
    },
    clock,
    random: () => 0,
    identity: { runtime_id: newId('runtime'), boot_id: 'boot-0001', version: '0.1.0', os: 'linux', arch: 'x64' },
    describe: () => ({ system: {}, capabilities: {} }),
    held: () => [],
    onWelcome: async () => undefined,
    handler: async (request) => new Response(request.body ?? 'fine'),
    commands: {
      'workspace.detach': async () => 'done',
      'runtime.drain': async () => 'done',
      'terminal.open': (message) => service.open(message),
      'terminal.close': (message) => service.close(message),
      'terminal.mode': async (message) => service.setMode(message),
    },
    terminals: service,
    events: journal,
    health: async () => ({ cpu: 0, memory_used: 1, memory_total: 2, disk_used: 1, disk_total: 2, uptime_s: 1 }),
    log: () => undefined,
  })
  const terminals = Array.from({ length: 6 }, () => newId('terminal'))
  const maker = new MessageMaker(DownMessageSchema, random, {
    workspace_id: [workspace_id, workspace_id, newId('workspace')],
    agent_session_id: [agent_session_id, newId('agent_session')],
    terminal_id: terminals,
    generation: [1],
    channel: channels,
    writer_id: ['writer-0001', 'writer-0002', 'writer-0003'],
    request_id: Array.from({ length: 500 }, (_, index) => `request-${index}`),
  })
  const welcome = encode({
    type: 'runtime.welcome',
    server_time: new Date().toISOString(),
    min_version: '0.1.0',
    limits: { max_frame: 65_536, max_message: 1_048_576, max_streams: 64 },
    workspaces: [
      {
        workspace_id,
        instance_id,
        slug: 'shop',
        name: 'shop',
        type: 'local',
        generation: 1,
        config: {},
        root_path: null,
      },
    ],
    model: null,
  })
  const hear = (data: string | Uint8Array) => wires.at(-1)?.message(data)

  link.start()
  await settle()
  let flat = 0
  for (let count = 0; count < MESSAGES; count++) {
    if (link.state.status !== 'live') {
      await clock.advance(link.state.retry_in_ms ?? 0)
      expect(link.state.status).toBe('live')
      // Every second connection is harmed before it is welcomed.
      if (connections % 2 === 0) hear(welcome)
      channels.length = 0
    }
    if (random.int(0, 3) === 0) hear(maker.frame(channels))
    else {
      const text = maker.text()
      if (text.includes('"stream.open"')) {
        const { channel } = JSON.parse(/\{"schema_version".*\}$/.test(text) ? safe(text) : '{}') as {
          channel?: unknown
        }
        remember(channel)
      }
      hear(text)
    }
    // Programs print meanwhile, and what was closed is opened again.
    if (count % 20 === 0) random.pick([...sources.values(), null])?.print(random.int(0, 5_000))
    if (count % 2_000 === 0)
      for (const terminal_id of terminals)
        await service.open(openOrder({ terminal_id, workspace_id })).catch(() => null)
    if (count % 40 === 0) await clock.advance(count % 4_000 === 0 ? 60_000 : 0)
    // What leaves nothing behind is not seen before everything was full once.
    if (count === Math.floor(MESSAGES / 3)) flat = usedMiB()
    // Connections last: the planned end of one settles what a peer left open.
    if (count % 20_000 === 19_999) wires.at(-1)?.close(1006, '')
  }
  expect(usedMiB() - flat).toBeLessThan(20)

  // And then it serves.
  if (link.state.status === 'live') wires.at(-1)?.close(1006, '')
  await clock.advance(link.state.retry_in_ms ?? 0)
  hear(welcome)
  await until('the link to be ready', () => link.ready)
  expect(sent).toBeGreaterThan(0)
  // Many got as far as the terminals.
  expect(attached).toBeGreaterThan(MESSAGES / 1_000)
  link.stop()
  await settle()
  service.stop()
  expect([clock.pending, unhandled]).toEqual([0, []])
  expect(link.stats).toMatchObject({ streams: 0, watched: 0 })
}, 300_000)

/** The text when it is JSON, else an empty object. */
function safe(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch {
    return '{}'
  }
}
