import { newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import { decodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import { systemClock } from '@pilot/protocol/link/clock'
import type { RuntimeTerminalAttachedMessage } from '@pilot/protocol/messages/terminal-attached'
import { UpMessageSchema } from '@pilot/protocol/up'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runEmulator } from './emulator/run-emulator.ts'
import { testHosts, until } from './host/testing-host.ts'
import { LinkTerminals } from './link-terminals.ts'
import { TerminalPictures } from './pictures.ts'
import { TerminalService } from './service.ts'
import { createTerminalStore } from './store.ts'
import { openOrder } from './testing/harness.ts'

const actor = { user_id: newId('user'), role: 'member' as const }

/** A daemon's terminals over real holders, and one viewer at the other end of its link. */
function daemon(
  hosts: ReturnType<typeof testHosts>,
  db = openNodeSqlite(':memory:'),
  argv = ['/bin/bash', '--norc', '--noprofile'],
) {
  const pictures = new TerminalPictures(runEmulator)
  let checkpoints = 0
  const service = new TerminalService({
    store: createTerminalStore(db),
    launcher: hosts.launcher,
    clock: systemClock,
    prepare: async ({ terminal_id: terminalId, cols, rows }) => ({
      ...{
        terminalId,
        cwd: hosts.home,
        cols,
        rows,
        env: { PATH: process.env.PATH ?? '', HOME: hosts.home, PS1: '$ ' },
      },
      layer: { kind: 'pty', argv: argv as [string, ...string[]] },
    }),
    checkpoint: async (source) => {
      await pictures.checkpoint(source)
      checkpoints += 1
    },
    log: () => undefined,
  })
  const link = new LinkTerminals({
    service,
    clock: systemClock,
    bufferedAmount: () => 0,
    text: (text) => onText(text),
    frame: (bytes) => onFrame(bytes.slice()),
  })
  const end = link.start()
  const viewer = {
    attached: null as RuntimeTerminalAttachedMessage | null,
    chunks: [] as Uint8Array[],
    from: 0,
    position: 0,
    live: false,
    resets: 0,
    errors: [] as string[],
  }
  const writer_id = 'writer-1'
  let skipped = 0
  function take(bytes: Uint8Array): void {
    viewer.chunks.push(bytes)
    viewer.position += bytes.length
  }
  function onText(text: string): void {
    const message = UpMessageSchema.parse(JSON.parse(text))
    if (message.type === 'error') viewer.errors.push(message.code)
    if (message.type === 'terminal.attached') {
      Object.assign(viewer, { attached: message, live: false })
      skipped = 0
      if (message.transfer.kind === 'snapshot') {
        Object.assign(viewer, { chunks: [], from: message.transfer.from, position: message.transfer.from })
      }
    }
    if (message.type === 'terminal.transfer_end') {
      expect(message.to).toBe(viewer.position)
      viewer.live = true
    }
  }
  function onFrame(bytes: Uint8Array): void {
    const decoded = decodeFrame(bytes)
    if ('problem' in decoded || !viewer.attached) return
    const { kind, channel, offset, payload } = decoded.frame
    const { transfer } = viewer.attached
    const ack = (to: number) =>
      link.ack({ schema_version: '1', type: 'terminal.ack', channel, offset: to, interactive: true })
    if (kind === FRAME_KIND.transfer_data && channel === transfer.channel) {
      const picture = Math.max(0, transfer.snapshot_bytes - skipped)
      skipped += payload.length
      take(payload.subarray(Math.min(picture, payload.length)))
      queueMicrotask(() => ack(offset + payload.length))
    }
    if (kind !== FRAME_KIND.terminal_output || channel !== viewer.attached.channel || !viewer.live) return
    if (offset !== viewer.position) {
      viewer.resets += 1
      viewer.live = false
      return
    }
    take(payload)
    const to = viewer.position
    queueMicrotask(() => ack(to))
  }
  let typed = 0
  return {
    service,
    link,
    viewer,
    checkpoints: () => checkpoints,
    attach: (
      order: { terminal_id: ReturnType<typeof newId<'terminal'>>; workspace_id: ReturnType<typeof newId<'workspace'>> },
      epoch?: string,
    ) =>
      link.attach({
        ...{ schema_version: '1', type: 'terminal.attach', request_id: newId('request'), generation: 1, actor },
        ...{ terminal_id: order.terminal_id, workspace_id: order.workspace_id, writer_id, read_only: false },
        ...{ cols: 80, rows: 24, since: epoch ? { epoch, offset: viewer.position } : undefined },
      }),
    type(text: string) {
      const payload = new TextEncoder().encode(text)
      link.input({ kind: 2, channel: viewer.attached?.input_channel ?? 0, offset: typed, payload })
      typed += payload.length
    },
    text: () => Buffer.concat(viewer.chunks).toString('utf8'),
    stop() {
      end()
      link.reset()
      service.stop()
    },
  }
}

let hosts: ReturnType<typeof testHosts>
const stops: (() => void)[] = []
beforeEach(() => {
  hosts = testHosts()
})
afterEach(async () => {
  for (const stop of stops.splice(0)) stop()
  await hosts.dispose()
})

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line-${from + index}\r\n`).join('')

test('20,000 lines pass attach, link loss and attach again, byte by byte', async () => {
  const one = daemon(hosts)
  stops.push(one.stop)
  const order = openOrder()
  const { epoch } = await one.service.open(order)
  await one.attach(order)
  await until('a prompt', () => one.text().includes('$ '))
  one.type('for i in $(seq 1 20000); do echo line-$i; done; echo do""ne\n')
  for (let round = 0; round < 10; round++) {
    const had = one.viewer.position
    await until('more came', () => one.viewer.position > had || one.text().includes('done\r\n'))
    one.link.reset()
    one.viewer.live = false
    await one.attach(order, epoch)
  }
  await until('the end', () => one.text().includes('done\r\n'))
  expect(one.text()).toContain(lines(1, 20_000))
  expect(one.viewer.from).toBe(0)
  expect(one.viewer.errors).toEqual([])
}, 60_000)

test('a daemon that is restarted in the middle finds its terminals, and its viewers miss nothing', async () => {
  const db = openNodeSqlite(':memory:')
  const one = daemon(hosts, db)
  const order = openOrder()
  const { epoch } = await one.service.open(order)
  await one.attach(order)
  await until('a prompt', () => one.text().includes('$ '))
  one.type('for i in $(seq 1 30000); do echo line-$i; done; echo do""ne\n')
  await until('some of it', () => one.text().includes('line-500\r'))
  one.stop()
  const two = daemon(hosts, db)
  stops.push(two.stop)
  await two.service.start()
  expect(two.service.statuses()).toMatchObject([
    { terminal_id: order.terminal_id, workspace_id: order.workspace_id, epoch },
  ])
  expect(() => two.service.find(newId('workspace'), order.terminal_id)).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  )
  Object.assign(two.viewer, { chunks: one.viewer.chunks, position: one.viewer.position })
  await two.attach(order, epoch)
  await until('the end', () => two.text().includes('done\r\n'))
  expect(two.viewer.attached?.transfer).toMatchObject({ kind: 'replay', gap: null })
  expect(two.text()).toContain(lines(1, 30_000))
  expect(two.viewer.attached?.accepted).toBeGreaterThan(10)
}, 60_000)

test('a full-screen program that prints more than the ring has a checkpoint to start from', async () => {
  const one = daemon(hosts)
  stops.push(one.stop)
  const order = openOrder()
  await one.service.open(order)
  await one.attach(order)
  await until('a prompt', () => one.text().includes('$ '))
  one.type(
    `printf '\\033[?1049h'; for i in $(seq 1 60000); do printf '\\033[%d;1Hrow %d of a full screen, with some text\\033[K' $((i % 24 + 1)) $i; done; printf '\\033[12;1Hfinished %s' now\n`,
  )
  await until('it drew', () => one.text().includes('finished now'), 60_000)
  expect(one.checkpoints()).toBeGreaterThan(0)
  await one.link.detach({
    ...{ schema_version: '1', type: 'terminal.detach', generation: 1, last: true, workspace_id: order.workspace_id },
    ...{ terminal_id: order.terminal_id, actor },
  })
  const text = await new TerminalPictures(runEmulator).snapshot(
    one.service.find(order.workspace_id, order.terminal_id).source,
    'text',
    0,
  )
  const screen = new TextDecoder().decode(text)
  expect(screen).toContain('finished now')
  expect(screen.split('\n').filter((line) => line.startsWith('row '))).toHaveLength(23)
}, 90_000)

test('closed, reopened and closed again under the same id', async () => {
  const one = daemon(hosts)
  stops.push(one.stop)
  const order = openOrder()
  const first = await one.service.open(order)
  expect((await one.service.open(order)).epoch).toBe(first.epoch)
  await one.attach(order)
  await until('a prompt', () => one.text().includes('$ '))
  one.type('exit 3\n')
  await until('it ended', () => one.service.statuses()[0]?.state === 'ended')
  const second = await one.service.open(order)
  expect(second).toMatchObject({ state: 'running', exit_code: null })
  expect(second.epoch).not.toBe(first.epoch)
  await until('its viewer is told to attach again', () => one.viewer.resets === 1)
  await one.service.close({ ...order, force: false })
  await one.service.close({ ...order, force: false })
  expect(one.service.statuses()).toEqual([])
})

test('a program that ignores the hang-up is closed only by force', async () => {
  const one = daemon(hosts, undefined, ['/bin/bash', '-c', 'trap "" HUP TERM; echo ready; while :; do sleep 1; done'])
  stops.push(one.stop)
  const order = openOrder()
  await one.service.open(order)
  await one.attach(order)
  await until('it runs', () => one.text().includes('ready'))
  await expect(one.service.close({ ...order, force: false })).rejects.toMatchObject({ code: 'CONFLICT' })
  await one.service.close({ ...order, force: true })
  expect(one.service.statuses()).toEqual([])
}, 30_000)

test('a holder that is killed leaves its terminal ended, with a sentence', async () => {
  const one = daemon(hosts)
  stops.push(one.stop)
  const order = openOrder()
  await one.service.open(order)
  process.kill(one.service.find(order.workspace_id, order.terminal_id).source.status.host_pid, 'SIGKILL')
  await until('it is told', () => one.service.statuses()[0]?.state === 'ended')
  await until('what is left was found', () => !one.service.find(order.workspace_id, order.terminal_id).lost)
  expect(one.service.statuses()[0]?.reason).toMatch(/stopped from outside/)
  await one.attach(order)
  await until('it can be looked at', () => one.viewer.live)
})
