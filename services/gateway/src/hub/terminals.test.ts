import { newId } from '@pilot/domain/ids'
import { FRAME_KIND } from '@pilot/protocol/frame'
import { INPUT_FRAME_MAX, INPUT_WINDOW, WINDOW_MAX } from '@pilot/protocol/terminal/model'
import { beforeEach, describe, expect, test } from 'vitest'
import { MAX_TERMINALS_PER_VIEWER, VIEWER_FRAME_BURST } from './limits.ts'
import { acksOf, framesOf, TerminalWorld } from './terminal-test-support.ts'

let world: TerminalWorld
beforeEach(async () => {
  world = new TerminalWorld()
  await world.start()
})
const KIB64 = new Uint8Array(65_536).fill(120)

describe('attach', () => {
  test('carries what the hub knows of the tab, and is answered to the tab alone', () => {
    const user_id = newId('user')
    const tab = world.viewer({ user_id, role: 'admin' })
    const other = world.viewer()
    const asked = world.ask(tab, { since: { epoch: 'e1', offset: 7 }, workspace_id: newId('workspace') })
    expect(asked).toMatchObject({
      workspace_id: world.workspace.workspace_id,
      generation: 1,
      actor: { user_id, role: 'admin' },
      terminal_id: world.terminal,
      since: { epoch: 'e1', offset: 7 },
      read_only: false,
    })
    expect(asked.request_id).not.toBe(asked.tab_request_id)
    world.answer(asked)
    expect(tab.last('terminal.attached')).toMatchObject({ request_id: asked.tab_request_id, channel: 1, accepted: 0 })
    expect(tab.last('terminal.attached')).not.toHaveProperty('workspace_id')
    expect(other.messages('terminal.attached')).toEqual([])
  })

  test('of a terminal of another workspace is NOT_FOUND, and nothing reaches the machine', () => {
    const foreign = world.newWorkspace()
    world.welcomed.workspaces.push(foreign)
    const tab = world.viewer({ workspace_id: foreign.workspace_id })
    world.say(tab, {
      type: 'terminal.attach',
      request_id: 'spoofed-00001',
      terminal_id: world.terminal,
      writer_id: 'writer-0001',
      cols: 80,
      rows: 24,
      visible: true,
    })
    expect(tab.last('error')).toMatchObject({ code: 'NOT_FOUND', request_id: 'spoofed-00001' })
    expect(world.machine.messages('terminal.attach')).toEqual([])
  })

  test('an answer that speaks of another workspace or terminal is refused', () => {
    const tab = world.viewer()
    world.answer({ ...world.ask(tab), workspace_id: newId('workspace') })
    expect(tab.last('error')).toMatchObject({ code: 'RUNTIME_ERROR' })
    world.answer(world.ask(tab), { terminal_id: newId('terminal') })
    expect(tab.messages('error')).toHaveLength(2)
    expect(world.hub.stats.terminals).toBe(0)
  })

  test('times out, and the late answer is undone', async () => {
    const tab = world.viewer()
    const asked = world.ask(tab)
    await world.clock.advance(10_000)
    expect(tab.last('error')).toMatchObject({ code: 'RUNTIME_TIMEOUT', request_id: asked.tab_request_id })
    world.answer(asked)
    expect(tab.messages('terminal.attached')).toEqual([])
    expect(world.machine.last('terminal.detach')).toMatchObject({
      input_channel: 101,
      transfer_channel: 201,
      last: true,
    })
    expect(world.hub.stats.terminals).toBe(0)
  })

  test('while the machine is away: RUNTIME_OFFLINE; an unanswered one is rejected when it goes', () => {
    const tab = world.viewer()
    const asked = world.ask(tab)
    world.machine.close(1006, '')
    expect(tab.last('error')).toMatchObject({ code: 'RUNTIME_OFFLINE', request_id: asked.tab_request_id })
    world.say(tab, {
      type: 'terminal.attach',
      request_id: 'offline-0001',
      terminal_id: world.terminal,
      writer_id: 'writer-0001',
      cols: 80,
      rows: 24,
      visible: true,
    })
    expect(tab.last('error')).toMatchObject({ code: 'RUNTIME_OFFLINE', request_id: 'offline-0001' })
    expect(world.hub.stats.terminals).toBe(0)
  })

  test('a refusal of the machine reaches the tab', () => {
    const tab = world.viewer()
    const asked = world.ask(tab)
    world.say(world.machine, {
      type: 'error',
      request_id: asked.request_id,
      code: 'NOT_FOUND',
      message: 'gone',
      retryable: false,
    })
    expect(tab.last('error')).toMatchObject({ code: 'NOT_FOUND', message: 'gone', request_id: asked.tab_request_id })
  })

  test('again replaces the first: its channels are closed first, and nobody was the last', () => {
    const tab = world.live(1)
    const asked = world.ask(tab)
    expect(world.machine.last('terminal.detach')).toMatchObject({
      input_channel: 101,
      transfer_channel: 201,
      last: false,
    })
    const types = world.machine.messages().map(({ type }) => type)
    expect(types.lastIndexOf('terminal.detach')).toBeLessThan(types.lastIndexOf('terminal.attach'))
    world.ask(tab)
    expect(tab.last('error')).toMatchObject({ code: 'CANCELLED', request_id: asked.tab_request_id })
    expect(world.hub.stats.terminals).toBe(1)
  })

  test('a tab may be at so many terminals, and not at more', () => {
    const tab = world.viewer()
    for (let i = 0; i < MAX_TERMINALS_PER_VIEWER; i += 1) world.ask(tab, { terminal_id: newId('terminal') })
    expect(tab.messages('error')).toEqual([])
    world.ask(tab, { terminal_id: newId('terminal') })
    expect(tab.last('error')).toMatchObject({ code: 'LIMIT_REACHED' })
  })

  test('a machine of before terminals: CAPABILITY_UNSUPPORTED, for attach, mode and commands', async () => {
    await world.start('boot-0002', { protocol: { min: 1, max: 1 }, capabilities: {} })
    const tab = world.viewer()
    world.say(tab, {
      type: 'terminal.attach',
      request_id: 'old-000001',
      terminal_id: newId('terminal'),
      writer_id: 'writer-0001',
      cols: 80,
      rows: 24,
      visible: true,
    })
    expect(tab.last('error')).toMatchObject({ code: 'CAPABILITY_UNSUPPORTED', request_id: 'old-000001' })
    const mode = { terminal_id: newId('terminal'), mode: 'exclusive', take_over: false }
    world.say(tab, { type: 'terminal.mode', request_id: 'old-000002', ...mode })
    await world.clock.advance(0)
    expect(tab.last('error')).toMatchObject({ code: 'CAPABILITY_UNSUPPORTED', request_id: 'old-000002' })
    await expect(world.hub.command({ type: 'terminal.close' })).rejects.toMatchObject({
      code: 'CAPABILITY_UNSUPPORTED',
    })
    expect(world.machine.messages('terminal.attach')).toEqual([])
  })
})

describe('output', () => {
  test('one buffer goes to every tab that is up to date, untouched', () => {
    const tabs = [world.live(1), world.live(2), world.live(3)]
    const bytes = world.output(0, 'hello')
    for (const tab of tabs) expect(framesOf(tab)[0]).toBe(bytes)
  })

  test('a transfer is for its tab alone; live bytes follow from exactly its end', () => {
    const early = world.live(1)
    const late = world.viewer()
    world.answer(world.ask(late), { input_channel: 102, transfer: transferOf(202) })
    const piece = world.transfer(0, 'past', 202)
    world.output(0, 'abcd')
    expect(framesOf(early)).toHaveLength(1)
    expect(framesOf(late)).toEqual([piece])
    world.endTransfer(4, 202)
    expect(late.last('terminal.transfer_end')).toMatchObject({ channel: 202, to: 4 })
    const next = world.output(4, 'ef')
    expect(framesOf(early).at(-1)).toBe(next)
    expect(framesOf(late)).toEqual([piece, next])
  })

  test('what a transfer held already is not sent again; a gap resets that tab alone', () => {
    const ahead = world.live(1, 4)
    const other = world.live(2, 0)
    world.output(0, 'abcd')
    expect([framesOf(ahead), framesOf(other)].map((frames) => frames.length)).toEqual([0, 1])
    expect(ahead.messages('terminal.reset')).toEqual([])
    world.output(6, 'gh')
    for (const tab of [ahead, other])
      expect(tab.messages('terminal.reset')).toMatchObject([{ terminal_id: world.terminal, reason: 'link' }])
    world.output(8, 'ij')
    expect(framesOf(other)).toHaveLength(1)
    const again = world.live(2, 8, { tab: other })
    world.output(8, 'ij')
    expect(framesOf(again)).toHaveLength(2)
  })

  test('a hole in a transfer resets its tab', () => {
    const tab = world.viewer()
    world.answer(world.ask(tab))
    world.transfer(0, 'ab')
    world.transfer(5, 'cd')
    expect(tab.last('terminal.reset')).toMatchObject({ terminal_id: world.terminal, reason: 'link' })
    world.transfer(7, 'ef')
    expect(framesOf(tab)).toHaveLength(1)
  })

  test('sizes travel in order to whoever gets output', () => {
    const tab = world.live(1)
    const apart = world.viewer()
    world.output(0, 'ab')
    world.say(world.machine, { type: 'terminal.size', channel: 1, offset: 2, cols: 100, rows: 30 })
    world.output(2, 'cd')
    const kinds = tab.sent.slice(-3).map((data) => (typeof data === 'string' ? JSON.parse(data).type : 'bytes'))
    expect(kinds).toEqual(['bytes', 'terminal.size', 'bytes'])
    expect(apart.messages('terminal.size')).toEqual([])
  })

  test('a socket that refuses loses its own tab, nobody else', () => {
    const broken = world.live(1)
    const fine = world.live(2)
    broken.send = () => false
    world.output(0, 'x')
    expect(broken.closed?.code).toBe(4000)
    expect(framesOf(fine)).toHaveLength(1)
    expect(world.hub.stats.terminals).toBe(1)
  })

  test('frames and messages for unknown channels meet nothing', () => {
    const tab = world.live(1)
    const before = tab.sent.length
    world.output(0, 'x', 9)
    world.transfer(0, 'x', 9)
    world.endTransfer(0, 9)
    world.say(world.machine, { type: 'terminal.size', channel: 9, offset: 0, cols: 80, rows: 24 })
    world.say(world.machine, { type: 'terminal.input_ack', channel: 9, offset: 1 })
    expect(tab.sent).toHaveLength(before)
  })
})

const transferOf = (channel: number, from = 0) => ({
  channel,
  kind: 'replay',
  from,
  snapshot_bytes: 0,
  cols: 80,
  rows: 24,
  sizes: [],
  gap: null,
})

describe('acknowledgements', () => {
  test('the furthest goes to the machine, interactive while a visible tab keeps up', async () => {
    const fast = world.live(1)
    const hidden = world.live(2, 0, { asked: { visible: false } })
    world.output(0, KIB64)
    world.ack(hidden, 1, 65_536)
    world.ack(fast, 1, 30_000)
    await world.clock.advance(50)
    expect(acksOf(world.machine).at(-1)).toEqual({ offset: 65_536, interactive: true })
    world.say(fast, { type: 'terminal.visible', terminal_id: world.terminal, visible: false })
    expect(acksOf(world.machine).at(-1)).toEqual({ offset: 65_536, interactive: false })
  })

  test('nobody acknowledges what was not sent, nor goes back', async () => {
    const tab = world.live(1)
    world.output(0, 'abc')
    world.ack(tab, 1, 1_000_000)
    world.ack(tab, 1, 1)
    await world.clock.advance(50)
    expect(acksOf(world.machine).at(-1)).toEqual({ offset: 3, interactive: true })
  })

  test('those of a transfer go through as they are, of its own tab only', () => {
    const tab = world.viewer()
    const stranger = world.viewer()
    world.answer(world.ask(tab))
    world.transfer(0, 'abcdef')
    world.ack(stranger, 201, 6)
    expect(acksOf(world.machine, 201)).toEqual([])
    world.ack(tab, 201, 6)
    world.ack(tab, 201, 6)
    expect(acksOf(world.machine, 201)).toEqual([{ offset: 6, interactive: true }])
  })

  test('a slow tab gets nothing until it has parsed everything, then attaches anew; the others go on', () => {
    const slow = world.live(1)
    const fast = world.live(2)
    const frames = (4 * WINDOW_MAX) / KIB64.length
    for (let i = 0; i < frames; i += 1) {
      world.output(i * KIB64.length, KIB64)
      world.ack(fast, 1, (i + 1) * KIB64.length)
    }
    expect(framesOf(fast)).toHaveLength(frames)
    const got = framesOf(slow).length
    expect(got * KIB64.length).toBe(2 * WINDOW_MAX)
    expect(slow.messages('terminal.reset')).toEqual([])
    world.ack(slow, 1, got * KIB64.length - 1)
    expect(slow.messages('terminal.reset')).toEqual([])
    world.ack(slow, 1, got * KIB64.length)
    expect(slow.messages('terminal.reset')).toMatchObject([{ terminal_id: world.terminal, reason: 'behind' }])
    world.output(frames * KIB64.length, 'x')
    expect(framesOf(slow)).toHaveLength(got)
  })

  test('a visible tab that is a window behind holds nothing back', async () => {
    const slow = world.live(1)
    const hidden = world.live(2, 0, { asked: { visible: false } })
    let at = 0
    while (at <= WINDOW_MAX) {
      world.output(at, KIB64)
      at += KIB64.length
      world.ack(hidden, 1, at)
    }
    expect(acksOf(world.machine).at(-1)).toEqual({ offset: at, interactive: false })
    world.ack(slow, 1, at)
    expect(acksOf(world.machine).at(-1)).toEqual({ offset: at, interactive: true })
  })

  test('a burst of them is no reason to close a tab', () => {
    const tab = world.live(1)
    for (let i = 0; i < 1_500; i += 1) {
      world.output(i, 'x')
      world.ack(tab, 1, i + 1)
    }
    expect(tab.closed).toBeNull()
  })
})

describe('input', () => {
  test('of its own channel goes to the machine as it came; what was accepted comes back to its writer', () => {
    const one = world.live(1)
    const two = world.live(2)
    const bytes = world.input(one, 0, 'ls\r', 101)
    world.input(two, 0, 'pwd\r', 102)
    expect(framesOf(world.machine)[0]).toBe(bytes)
    expect(framesOf(world.machine)).toHaveLength(2)
    world.say(world.machine, { type: 'terminal.input_ack', channel: 102, offset: 4 })
    expect(two.last('terminal.input_ack')).toMatchObject({ channel: 102, offset: 4 })
    expect(one.messages('terminal.input_ack')).toEqual([])
  })

  test('on the channel of another tab, or of nobody, goes nowhere', () => {
    world.live(1)
    const thief = world.viewer()
    world.input(thief, 0, 'rm -rf /\r', 101)
    world.input(thief, 0, 'x', 7)
    expect(framesOf(world.machine)).toEqual([])
    expect(thief.closed).toBeNull()
  })

  test('of somebody who only acts as the user goes nowhere, even if the machine gave a channel', async () => {
    const tab = world.viewer({ read_only: true })
    const asked = world.ask(tab)
    expect(asked.read_only).toBe(true)
    world.answer(asked)
    expect(tab.last('terminal.attached').input_channel).toBeNull()
    world.input(tab, 0, 'x')
    world.say(tab, { type: 'terminal.resize', terminal_id: world.terminal, cols: 90, rows: 20 })
    const mode = { terminal_id: world.terminal, mode: 'exclusive', take_over: true }
    world.say(tab, { type: 'terminal.mode', request_id: 'readonly-001', ...mode })
    await world.clock.advance(0)
    expect(tab.last('error')).toMatchObject({ code: 'FORBIDDEN', request_id: 'readonly-001' })
    expect([framesOf(world.machine), world.machine.messages('terminal.resize')]).toEqual([[], []])
  })

  test('a paste goes as fast as it is accepted; more than a window ahead closes 4008', () => {
    const tab = world.live(1)
    const piece = new Uint8Array(INPUT_FRAME_MAX).fill(97)
    let at = 0
    for (let round = 0; round < 200; round += 1) {
      for (let n = 0; n < INPUT_WINDOW / INPUT_FRAME_MAX; n += 1) {
        world.input(tab, at, piece)
        at += piece.length
      }
      world.say(world.machine, { type: 'terminal.input_ack', channel: 101, offset: at })
    }
    expect(tab.closed).toBeNull()
    expect(framesOf(world.machine)).toHaveLength(at / piece.length)
    for (let n = 0; n < INPUT_WINDOW / INPUT_FRAME_MAX; n += 1) world.input(tab, at + n * piece.length, piece)
    expect(tab.closed).toBeNull()
    world.input(tab, at + INPUT_WINDOW, 'x')
    expect(tab.closed?.code).toBe(4008)
  })

  test('the same bytes over and over close 4008, endless small frames 4029', () => {
    const tab = world.live(1)
    const piece = new Uint8Array(INPUT_FRAME_MAX)
    for (let n = 0; n < 40 && !tab.closed; n += 1) world.input(tab, 0, piece)
    expect(tab.closed?.code).toBe(4008)
    const other = world.live(2)
    for (let n = 0; n <= VIEWER_FRAME_BURST && !other.closed; n += 1) world.input(other, 0, 'x', 9)
    expect(other.closed?.code).toBe(4029)
  })

  test.each([
    [
      'longer than an input frame',
      () => world.frame(FRAME_KIND.terminal_input, 101, 0, new Uint8Array(INPUT_FRAME_MAX + 1)),
    ],
    ['of another kind', () => world.frame(FRAME_KIND.terminal_output, 1, 0, 'x')],
    ['shorter than a header', () => new Uint8Array(12)],
    ['beyond 2^53', () => Uint8Array.of(2, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255)],
  ])('a frame %s closes 4008', (_, frame) => {
    const tab = world.live(1)
    world.hub.onMessage(tab, frame())
    expect(tab.closed?.code).toBe(4008)
    expect(framesOf(world.machine)).toEqual([])
  })

  test('a kind of a later protocol is left alone', () => {
    const tab = world.live(1)
    world.hub.onMessage(tab, Uint8Array.of(9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0))
    expect(tab.closed).toBeNull()
  })

  test('of a session that has ended does not reach the machine', () => {
    const session_id = newId('session')
    const tab = world.live(1, 0, { tab: world.viewer({ session_id }) })
    world.input(tab, 0, 'a')
    world.hub.disconnectSession(session_id, 'revoked')
    expect(tab.closed?.code).toBe(4003)
    world.input(tab, 1, 'b')
    world.say(tab, { type: 'terminal.resize', terminal_id: world.terminal, cols: 90, rows: 20 })
    expect(framesOf(world.machine)).toHaveLength(1)
    expect(world.machine.messages('terminal.resize')).toEqual([])
    expect(world.machine.last('terminal.detach')).toMatchObject({ input_channel: 101, last: true })
  })

  test('a resize goes with the channel of who asks', () => {
    const tab = world.live(1)
    world.say(tab, { type: 'terminal.resize', terminal_id: world.terminal, cols: 90, rows: 20 })
    expect(world.machine.last('terminal.resize')).toMatchObject({
      input_channel: 101,
      cols: 90,
      rows: 20,
      generation: 1,
    })
  })

  test('a writer that another user holds is not given out twice', () => {
    world.live(1)
    const tab = world.viewer()
    world.answer(world.ask(tab), { input_channel: 101, transfer: transferOf(299) })
    expect(tab.last('error')).toMatchObject({ code: 'CONFLICT' })
    expect(world.machine.last('terminal.detach')).toMatchObject({ transfer_channel: 299, last: false })
    expect(world.machine.last('terminal.detach')).not.toHaveProperty('input_channel')
  })
})

describe('who may type', () => {
  const mode = (request_id: string) => ({
    type: 'terminal.mode',
    request_id,
    terminal_id: world.terminal,
    mode: 'exclusive',
    take_over: true,
  })

  test('is asked of the machine, which gets the user; its answer goes to who asked', async () => {
    const user_id = newId('user')
    const tab = world.live(1, 0, { tab: world.viewer({ user_id }) })
    world.say(tab, mode('mode-000001'))
    await world.clock.advance(0)
    const asked = world.machine.last('terminal.mode')
    expect(asked).toMatchObject({ actor: { user_id }, mode: 'exclusive', take_over: true, generation: 1 })
    world.say(world.machine, { type: 'ack', request_id: asked.request_id, ok: true })
    await world.clock.advance(0)
    expect(tab.last('ack')).toMatchObject({ request_id: 'mode-000001', ok: true })
    world.say(tab, mode('mode-000002'))
    await world.clock.advance(0)
    const { request_id } = world.machine.last('terminal.mode')
    const refusal = { code: 'CONFLICT', message: 'Ann types here.', retryable: false }
    world.say(world.machine, { type: 'error', request_id, ...refusal })
    await world.clock.advance(0)
    expect(tab.last('error')).toMatchObject({ request_id: 'mode-000002', ...refusal })
  })

  test('is no question of tabs of another workspace', async () => {
    const foreign = world.newWorkspace()
    world.welcomed.workspaces.push(foreign)
    const tab = world.viewer({ workspace_id: foreign.workspace_id })
    world.say(tab, mode('mode-000003'))
    await world.clock.advance(0)
    expect(tab.last('error')).toMatchObject({ code: 'NOT_FOUND', request_id: 'mode-000003' })
    expect(world.machine.messages('terminal.mode')).toEqual([])
  })
})

describe('leaving', () => {
  test('the machine learns of each, and of the last', () => {
    const one = world.live(1)
    const two = world.live(2)
    world.say(one, { type: 'terminal.detach', terminal_id: world.terminal })
    expect(world.machine.last('terminal.detach')).toMatchObject({ input_channel: 101, last: false })
    two.close(1000, '')
    expect(world.machine.last('terminal.detach')).toMatchObject({
      input_channel: 102,
      transfer_channel: 202,
      last: true,
    })
    expect(world.hub.stats.terminals).toBe(0)
  })

  test('one that leaves before its answer is undone when it comes, and is last only if nobody came', () => {
    const tab = world.viewer()
    const asked = world.ask(tab)
    tab.close(1000, '')
    world.live(2)
    world.answer(asked)
    expect(world.machine.last('terminal.detach')).toMatchObject({
      input_channel: 101,
      transfer_channel: 201,
      last: false,
    })
  })

  test('when the one to come is refused, those who left before were the last', () => {
    const first = world.live(1)
    const asked = world.ask(world.viewer())
    first.close(1000, '')
    expect(world.machine.last('terminal.detach').last).toBe(false)
    const refusal = { code: 'NOT_FOUND', message: 'gone', retryable: false }
    world.say(world.machine, { type: 'error', request_id: asked.request_id, ...refusal })
    expect(world.machine.last('terminal.detach').last).toBe(true)
  })
})

describe('state', () => {
  test('goes to every tab of the workspace and to no other', () => {
    const foreign = world.newWorkspace()
    const tab = world.viewer()
    const stranger = world.viewer({ workspace_id: foreign.workspace_id })
    world.tell({ title: 'vim' })
    expect(tab.last('terminal.state')).toMatchObject({ terminal: { title: 'vim' }, closed: false, bell: false })
    expect(tab.last('terminal.state')).not.toHaveProperty('workspace_id')
    expect(stranger.messages('terminal.state')).toEqual([])
  })

  test('of a workspace that this machine does not serve, or of a terminal of another one, is dropped', async () => {
    const foreign = world.newWorkspace()
    world.welcomed.workspaces.push(foreign)
    await world.hub.refreshWelcome()
    const tab = world.viewer({ workspace_id: foreign.workspace_id })
    world.tell({}, { workspace_id: foreign.workspace_id })
    world.tell({ terminal_id: newId('terminal') }, { workspace_id: newId('workspace') })
    expect(tab.messages('terminal.state')).toEqual([])
  })

  test('a new epoch voids what tabs have; a closed terminal is forgotten', () => {
    const tab = world.live(1)
    world.tell({ epoch: 'e2' })
    expect(tab.last('terminal.reset')).toMatchObject({ terminal_id: world.terminal, reason: 'link' })
    world.output(0, 'x')
    expect(framesOf(tab)).toEqual([])
    world.live(1, 0, { tab, channel: 2 })
    world.output(0, 'y', 2)
    expect(framesOf(tab)).toHaveLength(1)
    world.tell({ epoch: 'e2', state: 'ended' }, { closed: true })
    expect(world.hub.stats.terminals).toBe(0)
  })
})
