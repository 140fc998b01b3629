import { newId } from '@pilot/domain/ids'
import { beforeEach, describe, expect, test } from 'vitest'
import { acksOf, CAPABLE, framesOf, TerminalWorld } from './terminal-test-support.ts'
import type { FakeSocket } from './test-support.ts'

let world: TerminalWorld
beforeEach(async () => {
  world = new TerminalWorld()
  await world.start()
})
const resets = (tab: FakeSocket) => tab.messages('terminal.reset')

describe('a new link', () => {
  test('voids every attachment and says so once the machine has said hello', async () => {
    const tab = world.live(1)
    const apart = world.viewer()
    const old = world.machine
    const socket = world.socket()
    world.hub.acceptRuntime(socket, world.identity, 'boot-0002')
    expect(old.closed?.code).toBe(4001)
    world.hub.onMessage(old, world.output(0, 'late'))
    world.input(tab, 0, 'x')
    expect(resets(tab)).toEqual([])
    await world.greet(socket, 'boot-0002')
    expect(resets(tab)).toMatchObject([{ reason: 'link' }])
    expect(resets(tab)[0]).not.toHaveProperty('terminal_id')
    expect(resets(apart)).toEqual([])
    expect([framesOf(tab), framesOf(socket), world.hub.stats.terminals]).toEqual([[], [], 0])
    world.live(1, 4, { tab })
    world.output(4, 'on')
    expect(framesOf(tab)).toHaveLength(1)
  })

  test('after an outage tabs hear that the machine is back, and that they attach anew', async () => {
    const tab = world.live(1)
    world.machine.close(1006, '')
    expect(tab.last('runtime.state').online).toBe(false)
    await world.start('boot-0001')
    expect(tab.last('runtime.state').online).toBe(true)
    expect(resets(tab)).toHaveLength(1)
    await world.start('boot-0001')
    expect(resets(tab)).toHaveLength(1)
  })

  test('tells every tab what runs: changes while the link was away were told to nobody', async () => {
    const tab = world.viewer()
    const stranger = world.viewer({ workspace_id: newId('workspace') })
    const told = tab.messages('terminal.state').length
    world.machine.close(1006, '')
    await world.start('boot-0001', { terminals: [{ ...world.status({ title: 'vim' }), ...world.workspace }] })
    expect(tab.messages('terminal.state').slice(told)).toMatchObject([{ terminal: { title: 'vim' }, bell: false }])
    expect(tab.last('terminal.state')).not.toHaveProperty('workspace_id')
    expect(stranger.messages('terminal.state')).toEqual([])
  })

  test('another hello on the same connection does the same', async () => {
    const tab = world.live(1)
    await world.greet(world.machine)
    expect(resets(tab)).toMatchObject([{ reason: 'link' }])
    expect(world.hub.stats.terminals).toBe(0)
  })

  test('a tab that comes is told what runs, at once or after the hello; the others heard it before', async () => {
    world.tell({ process: 'less' })
    const early = world.viewer()
    expect(early.messages('terminal.state')).toMatchObject([{ terminal: { process: 'less' }, closed: false }])
    const terminals = [{ ...world.status(), workspace_id: world.workspace.workspace_id }]
    world.hub.onMessage(world.machine, world.hello('boot-0001', { ...CAPABLE, terminals }))
    const between = world.viewer()
    expect(between.messages('terminal.state')).toEqual([])
    await world.clock.advance(0)
    expect(between.messages('terminal.state')).toMatchObject([{ terminal: { process: 'bash' } }])
    expect(early.messages('terminal.state')).toHaveLength(1)
  })

  test('an attach that meets a link without its welcome waits for it', async () => {
    world.machine.close(1006, '')
    const socket = world.socket()
    world.hub.acceptRuntime(socket, world.identity, 'boot-0001')
    const tab = world.viewer()
    world.say(tab, {
      type: 'terminal.attach',
      request_id: 'waiting-0001',
      terminal_id: world.terminal,
      writer_id: 'writer-0001',
      cols: 80,
      rows: 24,
      visible: true,
    })
    expect([socket.messages('terminal.attach'), tab.messages('error')]).toEqual([[], []])
    await world.greet(socket)
    expect(resets(tab)).toEqual([])
    world.answer(socket.last('terminal.attach'))
    expect(tab.last('terminal.attached')).toMatchObject({ request_id: 'waiting-0001' })
  })

  test('no timer is left when everybody has gone', async () => {
    const tab = world.live(1)
    world.output(0, 'abc')
    world.ack(tab, 1, 1)
    world.ask(world.viewer())
    world.hub.close()
    await world.clock.advance(0)
    expect(world.clock.pending).toBe(0)
  })
})

describe('an eviction', () => {
  test('between two frames: the tab attaches from where it was, and nothing is lost', async () => {
    const tab = world.live(1)
    world.output(0, 'one ')
    world.evict([tab, world.machine])
    // What arrives before the new hello has nowhere to go; the machine still has it.
    world.output(4, 'two ')
    world.input(tab, 0, 'x')
    expect(framesOf(tab)).toHaveLength(1)
    expect(world.machine.messages('runtime.resync')).toHaveLength(1)
    await world.greet(world.machine)
    expect(resets(tab)).toMatchObject([{ reason: 'link' }])
    const asked = world.ask(tab, { since: { epoch: 'e1', offset: 4 } })
    expect(asked.since).toEqual({ epoch: 'e1', offset: 4 })
    const transfer = { channel: 301, kind: 'replay', from: 4, snapshot_bytes: 0, cols: 80, rows: 24, sizes: [] }
    world.answer(asked, { channel: 5, input_channel: 105, transfer: { ...transfer, gap: null } })
    world.transfer(0, 'two ', 301)
    world.endTransfer(8, 301)
    world.output(8, 'three', 5)
    const text = framesOf(tab)
      .map((frame) => new TextDecoder().decode(frame.subarray(13)))
      .join('')
    expect(text).toBe('one two three')
  })

  test('a tab that was read-only still is', async () => {
    const tab = world.viewer({ read_only: true })
    world.evict([tab, world.machine])
    await world.greet(world.machine)
    expect(world.ask(tab).read_only).toBe(true)
  })
})

test('200 tabs of one terminal: one buffer for all, and few acknowledgements for the machine', async () => {
  const tabs = Array.from({ length: 200 }, (_, n) => world.live(n + 1, 0, { asked: { visible: n % 2 === 0 } }))
  const before = acksOf(world.machine).length
  const payload = new Uint8Array(65_536).fill(46)
  const rounds = 40
  for (let round = 0; round < rounds; round += 1) {
    const bytes = world.output(round * payload.length, payload)
    for (const tab of tabs) expect(tab.sent.at(-1)).toBe(bytes)
    const end = (round + 1) * payload.length
    // Everybody parses at their own pace.
    for (const [n, tab] of tabs.entries()) world.ack(tab, 1, end - 20_000 + n * 100)
    await world.clock.advance(5)
    for (const tab of tabs) world.ack(tab, 1, end)
  }
  await world.clock.advance(100)
  const acks = acksOf(world.machine)
  expect(acks.at(-1)).toEqual({ offset: rounds * payload.length, interactive: true })
  expect(acks.length - before).toBeLessThanOrEqual(rounds * 5)
  expect(tabs.every((tab) => tab.closed === null)).toBe(true)
})

describe('rows', () => {
  const report = (change: object = {}) => ({
    terminal_id: world.terminal,
    workspace_id: world.workspace.workspace_id,
    state: 'running',
    exit_code: null,
    mode: 'shared',
    cols: 80,
    rows: 24,
    active: false,
    ...change,
  })
  test('a hello is a complete report, without terminals of workspaces that are not served here', async () => {
    expect(world.terminalChanges).toEqual([{ complete: true, reports: [report()], lost: [], closed: [] }])
    const foreign = { ...world.status({ terminal_id: newId('terminal') }), workspace_id: newId('workspace') }
    await world.greet(world.machine, 'boot-0001', { terminals: [foreign] })
    expect(world.terminalChanges.at(-1)).toEqual({ complete: true, reports: [], lost: [], closed: [] })
  })

  test('titles and programs write nothing, sizes within seconds, an end at once', async () => {
    const before = world.terminalChanges.length
    for (let i = 0; i < 50; i += 1) world.tell({ title: `t${i}`, process: `p${i}` })
    await world.clock.advance(10_000)
    expect(world.terminalChanges).toHaveLength(before)
    for (let i = 0; i < 50; i += 1) world.tell({ cols: 81 + i })
    await world.clock.advance(2_999)
    expect(world.terminalChanges).toHaveLength(before)
    await world.clock.advance(1)
    expect(world.terminalChanges.slice(before)).toEqual([
      { complete: false, reports: [report({ cols: 130 })], lost: [], closed: [] },
    ])
    world.tell({ cols: 130, state: 'ended', exit_code: 3 })
    await world.clock.advance(0)
    expect(world.terminalChanges.at(-1)).toMatchObject({ reports: [{ state: 'ended', exit_code: 3 }] })
  })

  test('activity is noted once a minute, whatever flows', async () => {
    const before = world.terminalChanges.length
    const tab = world.live(1)
    let at = 0
    for (let second = 0; second < 150; second += 1) {
      world.output(at, 'x')
      at += 1
      world.ack(tab, 1, at)
      await world.clock.advance(1_000)
    }
    const noted = world.terminalChanges.slice(before)
    expect(noted).toHaveLength(2)
    expect(noted[0]).toMatchObject({ reports: [{ active: true }] })
  })

  test('what a hello lacks is lost after 90 s', async () => {
    const gone = newId('terminal')
    world.missing = [gone]
    await world.greet(world.machine)
    await world.clock.advance(60_000)
    expect(world.terminalChanges.some(({ lost }) => lost.length > 0)).toBe(false)
    world.hub.onMessage(world.machine, 'ping')
    await world.clock.advance(30_000)
    await world.hub.onAlarm()
    await world.clock.advance(0)
    expect(world.terminalChanges.at(-1)).toEqual({ complete: false, reports: [], lost: [gone], closed: [] })
  })

  test('or when the next hello lacks it too; never while the machine is away', async () => {
    const gone = newId('terminal')
    world.missing = [gone]
    await world.greet(world.machine)
    world.machine.close(1006, '')
    await world.clock.advance(200_000)
    await world.hub.onAlarm()
    expect(world.terminalChanges.some(({ lost }) => lost.length > 0)).toBe(false)
    await world.start('boot-0002')
    expect(world.terminalChanges.at(-1)).toEqual({ complete: false, reports: [], lost: [gone], closed: [] })
  })

  test('what the machine closed itself, and what was closed while it was away', async () => {
    world.tell({ state: 'ended' }, { closed: true })
    await world.clock.advance(0)
    expect(world.terminalChanges.at(-1)).toEqual({ complete: false, reports: [], lost: [], closed: [world.terminal] })
    const created_by = newId('user')
    const { workspace_id } = world.workspace
    world.unwanted = [
      { terminal_id: world.terminal, workspace_id, created_by },
      { terminal_id: world.terminal, workspace_id: newId('workspace'), created_by },
    ]
    await world.greet(world.machine)
    expect(world.machine.messages('terminal.close')).toMatchObject([
      { terminal_id: world.terminal, workspace_id, generation: 1, actor: { user_id: created_by }, force: false },
    ])
  })

  test('a database that is away is logged, and the next report is written', async () => {
    world.failTerminals = true
    world.tell({ state: 'ended' })
    await world.clock.advance(0)
    expect(world.logged).toContain('terminals were not written down')
    world.failTerminals = false
    world.tell({ state: 'error' })
    await world.clock.advance(0)
    expect(world.terminalChanges.at(-1)).toMatchObject({ reports: [{ state: 'error' }] })
  })
})
