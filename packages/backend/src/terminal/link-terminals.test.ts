import { settle } from '@pilot/protocol/link/fake-clock'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FakeViewer } from './testing/fake-viewers.ts'
import { watchedTerminal } from './testing/harness.ts'

type World = Awaited<ReturnType<typeof watchedTerminal>>

/** Lets everything arrive, be parsed and acknowledged until nothing moves. */
async function calm({ hub, clock }: World): Promise<void> {
  for (let round = 0, quiet = 0; quiet < 3 && round < 2_000; round++) {
    await clock.advance(20)
    const moved = hub.drain()
    hub.parse()
    for (const viewer of hub.waiting()) void hub.attach(viewer)
    quiet = moved === 0 && hub.waiting().length === 0 ? quiet + 1 : 0
  }
}

test('a first viewer gets what was printed, then what is printed', async () => {
  const world = await watchedTerminal()
  const viewer = new FakeViewer()
  world.source.print(100_000)
  await world.hub.attach(viewer)
  await calm(world)
  expect(viewer.stretches).toEqual([{ from: 0, to: 100_000 }])
  world.source.print(10)
  await calm(world)
  expect(viewer.stretches).toEqual([{ from: 0, to: 100_010 }])
  expect(viewer.wrongBytes).toBe(0)
  expect(world.hub.messages.filter(({ type }) => type === 'terminal.transfer_end')).toMatchObject([{ to: 100_000 }])
})

test('a second viewer joins while the output runs, without a byte twice or missing', async () => {
  const world = await watchedTerminal()
  const [first, second] = [new FakeViewer(), new FakeViewer()]
  world.source.print(200_000)
  await world.hub.attach(first)
  await calm(world)
  void world.hub.attach(second)
  for (let round = 0; round < 60; round++) {
    world.source.print(30_000)
    await world.clock.advance(3)
    world.hub.drain(2)
    world.hub.parse()
  }
  await calm(world)
  const end = world.source.status.end_offset
  expect([first.stretches, second.stretches]).toEqual([[{ from: 0, to: end }], [{ from: 0, to: end }]])
  expect(first.resets + second.resets).toBe(0)
})

test('what a viewer has is not sent again after the link was lost', async () => {
  const world = await watchedTerminal()
  const viewer = new FakeViewer()
  world.source.print(300_000)
  await world.hub.attach(viewer)
  await calm(world)
  world.hub.lose()
  world.source.print(5_000)
  const before = world.link.stats.bytes
  await world.hub.attach(viewer)
  await calm(world)
  expect(viewer.stretches).toEqual([{ from: 0, to: 305_000 }])
  expect(viewer.attached?.transfer).toMatchObject({ kind: 'replay', from: 300_000, gap: null, snapshot_bytes: 0 })
  expect(world.link.stats.bytes - before).toBe(0)
})

test('output that is gone is told as a gap, with a picture instead', async () => {
  const world = await watchedTerminal(200_000)
  const viewer = new FakeViewer()
  world.source.print(1_000)
  await world.hub.attach(viewer)
  await calm(world)
  await world.hub.detach(viewer)
  Object.assign(world.source, { snapshotBytes: 5_000, pictureAt: 750_000 })
  world.source.print(800_000)
  await world.hub.attach(viewer)
  await calm(world)
  const { transfer } = viewer.attached ?? {}
  expect(transfer).toMatchObject({
    kind: 'snapshot',
    from: 750_000,
    snapshot_bytes: 5_000,
    gap: { from: 1_000, to: 750_000 },
  })
  expect(viewer.stretches.at(-1)).toEqual({ from: 750_000, to: 801_000 })
})

test('the program is held a window ahead of its viewers, and runs on when they go quiet', async () => {
  const world = await watchedTerminal()
  const { source, hub, clock, link } = world
  const viewer = new FakeViewer()
  await hub.attach(viewer)
  await calm(world)
  for (let round = 0; round < 20; round++) {
    source.print(65_536)
    await clock.advance(10)
    hub.drain()
  }
  const { end_offset } = source.status
  // How far away the viewer is, is not known yet.
  expect(end_offset).toBe(8_192)
  expect(viewer.position).toBe(end_offset)
  hub.parse()
  source.print(10_000_000)
  expect(source.status.end_offset).toBeGreaterThan(8_192)
  expect(source.status.end_offset).toBeLessThanOrEqual(8_192 + 524_288)
  await clock.advance(4_000)
  expect(source.print(1_000_000)).toBe(0)
  await clock.advance(3_000)
  expect(source.print(4_000_000)).toBe(4_000_000)
  expect(link.counts.buffered).toBeLessThanOrEqual(262_144)
  // Back again: the gap shows, the viewer attaches anew.
  hub.drain()
  hub.parse()
  await calm(world)
  expect(viewer.resets).toBe(1)
  expect(viewer.position).toBe(source.status.end_offset)
})

test('what answers to an input has room behind a full window, and only so much', async () => {
  const world = await watchedTerminal()
  const { source, hub, clock, link } = world
  const viewer = new FakeViewer()
  await hub.attach(viewer)
  await calm(world)
  source.print(1_000_000)
  await clock.advance(50)
  hub.drain()
  expect(source.print(1_000_000)).toBe(0)
  const { position } = viewer
  for (let offset = 0; offset < 5; offset++) {
    link.input({ kind: 2, channel: viewer.inputChannel, offset, payload: new Uint8Array(1) })
    // What was there before the input does not take the room.
    expect(source.print(1_000_000)).toBe(0)
    await clock.advance(10)
    expect(source.print(1_000_000)).toBe(offset === 0 ? 512 : 0)
    await clock.advance(10)
    hub.drain()
    expect(viewer.position).toBe((position ?? 0) + 512)
  }
})

/** A viewer whose acknowledgements take 600 ms, and a program that writes all it may, for ten seconds already. */
async function longWay() {
  const world = await watchedTerminal()
  const { source, hub, clock } = world
  const viewer = new FakeViewer()
  await hub.attach(viewer)
  await calm(world)
  hub.arrive = (acknowledge) => void clock.after(600, acknowledge)
  const program = { writes: true }
  const { hold } = source
  // A program that was held goes on by itself.
  source.hold = (at) => {
    hold.call(source, at)
    if (program.writes) source.print(10_000_000)
  }
  /** Gives what the viewer got after each 20 ms. */
  const run = async (rounds: number) => {
    const before = viewer.position ?? 0
    const got: number[] = []
    for (let round = 0; round < rounds; round++) {
      await clock.advance(20)
      hub.drain()
      hub.parse()
      for (const one of hub.waiting()) void hub.attach(one)
      got.push((viewer.position ?? 0) - before)
    }
    return got
  }
  source.print(10_000_000)
  await run(500)
  return { ...world, viewer, program, run }
}

test('on a long way a full window is not sent at once, and is sent before anything is acknowledged', async () => {
  const { source, program, run } = await longWay()
  program.writes = false
  await run(100)
  program.writes = true
  source.print(10_000_000)
  const got = await run(30)
  expect(got.at(-1)).toBeGreaterThan(400_000)
  expect(got[0]).toBeLessThan(100_000)
  // Never a long time without a byte, while the window fills.
  expect(got.filter((bytes, round) => bytes === got[round - 1] && bytes < 400_000)).toEqual([])
})

test('a long history goes to its viewer in a window that begins small, so that the way is not full of it', async () => {
  const world = await watchedTerminal()
  const { source, hub, clock } = world
  const viewer = new FakeViewer()
  source.print(1_000_000)
  await hub.attach(viewer)
  for (let round = 0; round < 10; round++) {
    await clock.advance(20)
    hub.drain()
  }
  expect(viewer.position).toBe(16_384)
  hub.parse()
  await clock.advance(20)
  hub.drain()
  expect(viewer.position).toBeGreaterThan(16_384)
  expect(viewer.position).toBeLessThan(100_000)
  await calm(world)
  expect(viewer.stretches).toEqual([{ from: 0, to: 1_000_000 }])
  expect(viewer.live).toBe(true)
})

test('on a long way output goes on behind a gap', async () => {
  const { source, clock, viewer, program, run } = await longWay()
  // Nobody reads: the program is let go, and outruns the ring.
  await clock.advance(8_000)
  source.print(50_000_000)
  program.writes = false
  await run(400)
  expect(viewer.resets).toBe(1)
  expect(viewer.position).toBe(source.status.end_offset)
  program.writes = true
  const end = viewer.position ?? 0
  source.print(10_000_000)
  await run(200)
  expect(viewer.position).toBeGreaterThan(end + 500_000)
})

test.each([
  ['grows for viewers that are quick', 50, 200_000],
  ['shrinks for viewers that are slow', 2_000, 40_000],
])('the window %s', async (what, parseEveryMs, bytes) => {
  const world = await watchedTerminal()
  const { source, hub, clock } = world
  const viewer = new FakeViewer()
  await hub.attach(viewer)
  await calm(world)
  for (let round = 0; round < 30; round++) {
    source.print(10_000_000)
    await clock.advance(parseEveryMs)
    hub.drain()
    hub.parse()
  }
  const parsed = viewer.position ?? 0
  for (let round = 0; round < 5; round++) {
    source.print(10_000_000)
    await clock.advance(20)
    hub.drain()
  }
  const ahead = source.status.end_offset - parsed
  if (what.startsWith('grows')) expect(ahead).toBeGreaterThan(bytes)
  else expect(ahead).toBeLessThan(bytes)
})

test('hidden viewers hold nothing, and without viewers nothing leaves', async () => {
  const world = await watchedTerminal()
  const { source, hub } = world
  const viewer = new FakeViewer()
  await hub.attach(viewer)
  await calm(world)
  source.print(10)
  await calm(world)
  hub.parse([viewer], false)
  expect(source.held).toBeNull()
  expect(source.print(9_000_000)).toBe(9_000_000)
  await hub.detach(viewer)
  expect(source.following).toBe(false)
  const { bytes } = world.link.stats
  source.print(1_000)
  await calm(world)
  expect(world.link.stats.bytes).toBe(bytes)
  expect(world.clock.pending).toBe(0)
})

test('at most 256 KiB wait in the socket', async () => {
  const world = await watchedTerminal()
  const viewers = Array.from({ length: 5 }, () => new FakeViewer())
  world.source.print(1_500_000)
  for (const viewer of viewers) void world.hub.attach(viewer)
  await world.clock.advance(50)
  expect(world.hub.maxBuffered).toBeLessThan(262_144 + 65_549)
  await calm(world)
  for (const viewer of viewers) expect(viewer.stretches).toEqual([{ from: 0, to: 1_500_000 }])
})

test('input is taken once, acknowledged behind its echo, and ten times a second when busy', async () => {
  const world = await watchedTerminal()
  const { hub, link, source, clock } = world
  const viewer = new FakeViewer()
  await hub.attach(viewer)
  await calm(world)
  const type = (offset: number, text: string) =>
    link.input({ kind: 2, channel: viewer.inputChannel, offset, payload: new TextEncoder().encode(text) })
  for (let at = 0; at < 50; at++) type(at, 'x')
  type(10, 'xxxxx')
  hub.drain()
  const acks = () => hub.messages.filter(({ type }) => type === 'terminal.input_ack')
  expect(acks()).toEqual([])
  await clock.advance(10)
  hub.drain()
  expect(acks()).toMatchObject([{ offset: 50 }])
  for (let at = 50; at < 60; at++) type(at, 'x')
  await clock.advance(99)
  hub.drain()
  expect(acks()).toMatchObject([{ offset: 50 }])
  await clock.advance(1)
  hub.drain()
  expect(acks()).toMatchObject([{ offset: 50 }, { offset: 60 }])
  expect(source.accepted(viewer.key)).toBe(60)
  // Attached again, the old channel is closed and the count goes on.
  const old = viewer.inputChannel
  await hub.attach(viewer)
  await calm(world)
  expect(viewer.attached?.accepted).toBe(60)
  link.input({ kind: 2, channel: old, offset: 60, payload: new Uint8Array(3) })
  expect(source.accepted(viewer.key)).toBe(60)
})

test('what waits of a writer that attaches anew or leaves is dropped, and its count is exact', async () => {
  const world = await watchedTerminal()
  const { hub, link, source } = world
  const [viewer, other] = [new FakeViewer(), new FakeViewer()]
  await hub.attach(viewer)
  await hub.attach(other)
  await calm(world)
  const type = ({ inputChannel: channel }: FakeViewer, offset: number, text: string) =>
    link.input({ kind: 2, channel, offset, payload: new TextEncoder().encode(text) })
  type(viewer, 0, 'taken')
  source.busy = true
  type(viewer, 5, 'discarded')
  const again = hub.attach(viewer)
  type(other, 0, 'kept')
  await again
  await calm(world)
  source.readInput()
  expect(viewer.attached?.accepted).toBe(5)
  const written = (of: FakeViewer) => String.fromCharCode(...(source.written.get(of.key) ?? []))
  expect([written(viewer), written(other)]).toEqual(['taken', 'kept'])
  type(viewer, 5, '!')
  source.busy = true
  type(viewer, 6, 'discarded')
  await hub.detach(viewer)
  type(other, 4, '?')
  hub.lose()
  source.readInput()
  expect([written(viewer), written(other)]).toEqual(['taken!', 'kept'])
})

test("a tab that has the name of another user's tab has a count of its own", async () => {
  const world = await watchedTerminal()
  const { hub, link, source } = world
  const [mine, theirs] = [new FakeViewer(), new FakeViewer()]
  theirs.writerId = mine.writerId
  await hub.attach(mine)
  await hub.attach(theirs)
  await calm(world)
  const type = ({ inputChannel: channel }: FakeViewer, offset: number, bytes: number) =>
    link.input({ kind: 2, channel, offset, payload: new Uint8Array(bytes) })
  type(mine, 0, 3)
  type(theirs, 0, 4)
  type(mine, 3, 2)
  expect([source.accepted(mine.key), source.accepted(theirs.key)]).toEqual([5, 4])
})

test('exclusive: only the holder types, and a viewer that may only watch has no channel', async () => {
  const world = await watchedTerminal()
  const { hub, link, service, source, order } = world
  const [mine, theirs, watcher] = [new FakeViewer(), new FakeViewer(), new FakeViewer()]
  await hub.attach(mine)
  await hub.attach(theirs)
  await hub.attach(watcher, { read_only: true })
  await calm(world)
  expect(watcher.attached?.input_channel).toBeNull()
  const mode = (viewer: FakeViewer, take_over: boolean) =>
    service.setMode({
      ...{ workspace_id: order.workspace_id, terminal_id: order.terminal_id, mode: 'exclusive', take_over },
      actor: { user_id: viewer.userId, role: 'member' },
    })
  const type = (viewer: FakeViewer) =>
    link.input({ kind: 2, channel: viewer.inputChannel, offset: 0, payload: new Uint8Array(4) })
  mode(mine, false)
  type(theirs)
  type(mine)
  expect([source.accepted(theirs.key), source.accepted(mine.key)]).toEqual([0, 4])
  expect(() => mode(theirs, false)).toThrow(expect.objectContaining({ code: 'CONFLICT' }))
  mode(theirs, true)
  type(theirs)
  expect(source.accepted(theirs.key)).toBe(4)
})

test('the size follows the last typist, and travels in order with the output', async () => {
  const world = await watchedTerminal()
  const { hub, link, source, order } = world
  const [first, second] = [new FakeViewer(), new FakeViewer()]
  await hub.attach(first, { cols: 100, rows: 30 })
  await calm(world)
  expect([source.status.cols, source.status.rows]).toEqual([100, 30])
  await hub.attach(second, { cols: 60, rows: 20 })
  await calm(world)
  const resize = (viewer: FakeViewer, cols: number, rows: number) =>
    link.resize({
      ...{ schema_version: '1', type: 'terminal.resize', generation: 1, terminal_id: order.terminal_id, cols, rows },
      ...{ workspace_id: order.workspace_id, input_channel: viewer.inputChannel },
      actor: { user_id: viewer.userId, role: 'member' },
    })
  resize(second, 61, 21)
  expect(source.status.cols).toBe(100)
  source.print(1_000)
  link.input({ kind: 2, channel: second.inputChannel, offset: 0, payload: new Uint8Array(1) })
  source.print(1_000)
  resize(first, 120, 40)
  expect(source.status.cols).toBe(61)
  await calm(world)
  const { offset } = second.sizes.at(-1) ?? { offset: 0 }
  expect(second.sizes.at(-1)).toMatchObject({ offset: 1_000, cols: 61, rows: 21 })
  const order_ = hub.messages.filter(({ type }) => type === 'terminal.size')
  expect(order_.at(-1)).toMatchObject({ offset })
})

test('whatever happens, every viewer has the output, with holes only where it was told', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('print' as const), n: fc.integer({ min: 1, max: 400_000 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('drain' as const), n: fc.integer({ min: 1, max: 20 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('parse' as const), n: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), n: fc.integer({ min: 0, max: 6_000 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('attach' as const), n: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('detach' as const), n: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), n: fc.constant(0) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('picture' as const), n: fc.integer({ min: 0, max: 60_000 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('size' as const), n: fc.integer({ min: 10, max: 200 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('hide' as const), n: fc.constant(0) }) },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom(150_000, 400_000, 2_097_152),
      async (steps, ring) => {
        const world = await watchedTerminal(ring)
        const { hub, source, clock } = world
        const viewers = Array.from({ length: 4 }, () => new FakeViewer())
        const viewer = (n: number) => viewers[n % 4] as FakeViewer
        for (const { do: what, n } of steps) {
          if (what === 'print') source.print(n)
          else if (what === 'drain') hub.drain(n)
          else if (what === 'parse') hub.parse([viewer(n)])
          else if (what === 'wait') await clock.advance(n)
          else if (what === 'attach' && viewer(n).requestId === null) void hub.attach(viewer(n))
          else if (what === 'detach' && hub.viewers.has(viewer(n))) void hub.detach(viewer(n))
          else if (what === 'lose') hub.lose()
          else if (what === 'picture') Object.assign(source, { pictureAt: source.status.end_offset, snapshotBytes: n })
          else if (what === 'size') source.resize(n, 24)
          else if (what === 'hide') hub.tellAcks(false)
          await settle()
        }
        await calm(world)
        for (const one of hub.viewers) {
          expect(one.wrongBytes).toBe(0)
          expect(one.live).toBe(true)
          expect(one.position).toBe(source.status.end_offset)
          // Nobody is asked to begin again without a reason.
          if (world.link.stats.jumps === 0 && source.status.start_offset === 0) expect(one.resets).toBe(0)
        }
        expect(world.link.counts.transfers).toBe(0)
        for (const one of hub.viewers) await hub.detach(one)
        await clock.advance(200)
        expect(clock.pending).toBe(0)
      },
    ),
    { numRuns: 300 },
  )
}, 120_000)
