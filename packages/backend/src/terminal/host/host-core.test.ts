import { FakeClock } from '@pilot/protocol/link/fake-clock'
import { INPUT_WINDOW } from '@pilot/protocol/terminal/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Picture } from '../source.ts'
import type { Connection } from './connection.ts'
import { HostCore } from './host-core.ts'
import { Inputs } from './inputs.ts'
import { CHECKPOINT_HOLD_AT, INPUT_TOTAL_MAX, RING_MAX, WRITER_QUEUE_MAX, WRITERS_MAX } from './limits.ts'
import {
  CLIENT_FRAME,
  decodeText,
  emptyFrame,
  encodeText,
  FrameDecoder,
  FrameReader,
  FrameWriter,
  HOST_FRAME,
  jsonFrame,
} from './wire.ts'

/** A core with a layer that does what the test says, and clients that read every frame. */
function setUp() {
  const clock = new FakeClock()
  const layer = { written: [] as string[], paused: false, sizes: [] as string[], takes: true }
  const checkpoints: number[] = []
  const core = new HostCore({
    ...{ terminalId: 'term_1', epoch: 'epoch', hostPid: 1, cols: 80, rows: 24, clock },
    onStatus() {},
    onCheckpoint: ({ offset }) => checkpoints.push(offset),
    onDismissed() {},
  })
  core.start({
    programPid: 2,
    write(bytes) {
      layer.written.push(new TextDecoder().decode(bytes))
      if (layer.takes) core.onWritten()
    },
    resize: (cols, rows) => layer.sizes.push(`${cols}x${rows}`),
    pause: () => {
      layer.paused = true
    },
    resume: () => {
      layer.paused = false
    },
    foreground: async () => 'sh',
    end: async () => true,
    close() {},
  })
  function client(role = 'daemon') {
    const frames: { type: number; reader: FrameReader; payload: Uint8Array }[] = []
    const decoder = new FrameDecoder((type, payload) => {
      const copy = payload.slice()
      frames.push({ type, payload: copy, reader: new FrameReader(copy) })
    })
    const state = { congested: false }
    const connection: Connection = core.connect({
      send(frame) {
        decoder.push(frame)
        return !state.congested
      },
      close() {},
    })
    const send = (frame: Uint8Array) => expect(connection.receive(frame)).toBe(true)
    send(jsonFrame(CLIENT_FRAME.hello, { protocol: 1, role }))
    return {
      frames,
      state,
      connection,
      send,
      types: () => frames.map(({ type }) => type),
      output: () => frames.filter(({ type }) => type === HOST_FRAME.output),
      follow(from: number, credit = Number.MAX_SAFE_INTEGER) {
        send(new FrameWriter(CLIENT_FRAME.follow, 8).offset(from).frame)
        send(new FrameWriter(CLIENT_FRAME.credit, 8).offset(credit).frame)
      },
      hold: (at: number) => send(new FrameWriter(CLIENT_FRAME.hold, 8).offset(at).frame),
      input(writer: string, offset: number, text: string) {
        const name = encodeText(writer)
        const bytes = encodeText(text)
        const frame = new FrameWriter(CLIENT_FRAME.input, 10 + name.length + bytes.length)
        send(frame.offset(offset).u16(name.length).bytes(name).bytes(bytes).frame)
      },
      /** The count that this client was told last. */
      accepted(writer: string): number {
        const told = frames.filter(({ type }) => type === HOST_FRAME.accepted).map(({ payload }) => payload)
        const last = told.findLast((payload) => decodeText(payload.subarray(8)) === writer)
        return last ? new FrameReader(last).offset() : 0
      },
      withdraw(writer: string): number {
        const name = encodeText(writer)
        send(new FrameWriter(CLIENT_FRAME.withdraw, 4 + name.length).u32(3).bytes(name).frame)
        const { type, reader } = frames.at(-1) ?? {}
        expect([type, reader?.u32()]).toEqual([HOST_FRAME.withdrawn, 3])
        return reader?.offset() ?? -1
      },
      basis(): Picture {
        send(new FrameWriter(CLIENT_FRAME.basis, 4).u32(9).frame)
        const reader = frames.at(-1)?.reader
        reader?.u32()
        const head = reader?.json(reader.u32()) as Omit<Picture, 'snapshot'>
        return { ...head, snapshot: reader?.rest() ?? new Uint8Array() }
      },
    }
  }
  return { core, clock, layer, checkpoints, client }
}
const print = (core: HostCore, text: string) => core.onData(encodeText(text))
const lines = (count: number) => 'a line of the output that is about so long\r\n'.repeat(count)

test('output goes up to the credit, and on from there when there is more', () => {
  const { core, client } = setUp()
  const viewer = client()
  print(core, 'hello world')
  viewer.follow(2, 6)
  expect(viewer.output().map(({ reader }) => [reader.offset(), new TextDecoder().decode(reader.rest())])).toEqual([
    [2, 'llo '],
  ])
  viewer.send(new FrameWriter(CLIENT_FRAME.credit, 8).offset(8).frame)
  expect(new TextDecoder().decode(viewer.output()[1]?.payload.subarray(8))).toBe('wo')
  viewer.send(emptyFrame(CLIENT_FRAME.unfollow))
  print(core, 'more')
  expect(viewer.output()).toHaveLength(2)
})

test('a size is told at its own place in the output', () => {
  const { core, client } = setUp()
  const viewer = client()
  print(core, 'before')
  core.onResize(100, 30)
  print(core, 'after')
  viewer.follow(0)
  expect(viewer.types().slice(-4)).toEqual([HOST_FRAME.size, HOST_FRAME.output, HOST_FRAME.size, HOST_FRAME.output])
  const told = viewer.frames
    .filter(({ type }) => type === HOST_FRAME.size)
    .map(({ reader }) => [reader.offset(), reader.u16(), reader.u16()])
  expect(told).toEqual([
    [0, 80, 24],
    [6, 100, 30],
  ])
  core.onResize(110, 30)
  core.onResize(120, 30)
  print(core, '!')
  expect(
    viewer.frames
      .filter(({ type }) => type === HOST_FRAME.size)
      .at(-1)
      ?.payload.slice(8),
  ).toEqual(new Uint8Array([120, 0, 30, 0]))
})

test('a hold stops the program at its offset, and ends by itself after ten seconds', async () => {
  const { core, clock, layer, client } = setUp()
  const viewer = client()
  viewer.hold(5)
  print(core, '1234')
  expect(layer.paused).toBe(false)
  print(core, '5')
  expect(layer.paused).toBe(true)
  await clock.advance(9_000)
  viewer.hold(5)
  await clock.advance(9_000)
  expect(layer.paused).toBe(true)
  await clock.advance(1_001)
  expect(layer.paused).toBe(false)
  viewer.hold(5)
  expect(layer.paused).toBe(true)
  core.disconnected(viewer.connection)
  expect(layer.paused).toBe(false)
})

test('a connection that takes nothing gets nothing more, and goes on where it stopped or where output still is', async () => {
  const { core, clock, client } = setUp()
  const viewer = client()
  viewer.follow(0)
  viewer.state.congested = true
  print(core, 'a')
  await clock.advance(10)
  print(core, 'b')
  await clock.advance(10)
  expect(viewer.output()).toHaveLength(1)
  print(core, lines(100_000))
  viewer.state.congested = false
  viewer.connection.drained()
  expect(viewer.output()[1]?.reader.offset()).toBe(core.status.start_offset)
})

test('a checkpoint is asked for where no replay would do, and the program waits for it', async () => {
  const { core, clock, layer, checkpoints, client } = setUp()
  const viewer = client()
  print(core, '\x1b[?1049h')
  const screen = '\x1b[5;5Hsomething in the middle of the screen'
  // While the whole output is there nothing is missing.
  while (core.status.start_offset === 0) print(core, screen.repeat(100))
  expect(viewer.types()).toContain(HOST_FRAME.checkpointWanted)
  expect(layer.paused).toBe(true)
  expect(viewer.basis().approximate).toBe(true)
  const at = core.status.end_offset
  viewer.send(new FrameWriter(CLIENT_FRAME.checkpoint, 15).offset(at).u16(80).u16(24).bytes(encodeText('abc')).frame)
  expect(layer.paused).toBe(false)
  expect(checkpoints).toEqual([at])
  expect(viewer.basis()).toMatchObject({ offset: at, approximate: false })
  // The next one is asked for in time, and the program is held before the picture is out of reach.
  const asked = () => viewer.types().filter((type) => type === HOST_FRAME.checkpointWanted).length
  const before = asked()
  while (!layer.paused) print(core, screen.repeat(100))
  expect(asked()).toBeGreaterThan(before)
  expect(core.status.end_offset - at).toBeLessThan(CHECKPOINT_HOLD_AT + 10_000)
  await clock.advance(10_001)
  expect(layer.paused).toBe(false)
})

test('without a daemon nothing is held', () => {
  const { core, layer, client } = setUp()
  client('attach')
  print(core, '\x1b[?1049h')
  for (let i = 0; i < 600; i += 1) print(core, '\x1b[5;5Hsomething in the middle'.repeat(300))
  expect(core.status.start_offset).toBeGreaterThan(0)
  expect(layer.paused).toBe(false)
})

test('after any number of plain lines a replay needs no checkpoint', () => {
  const { core, client } = setUp()
  const viewer = client()
  print(core, '\x1b[1;32m')
  for (let i = 0; i < 400; i += 1) print(core, lines(500))
  expect(core.status.start_offset).toBeGreaterThan(RING_MAX)
  expect(viewer.types()).not.toContain(HOST_FRAME.checkpointWanted)
  const basis = viewer.basis()
  expect(basis.approximate).toBe(false)
  expect(new TextDecoder().decode(basis.snapshot)).toBe('\x1b[1;32m')
  expect(core.status.end_offset - basis.offset).toBeGreaterThan(RING_MAX / 2)
})

test('input of any writer arrives once and in order, however it is cut, repeated and refused', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(40), fc.integer({ min: 1, max: 20 })), { maxLength: 60 }),
      (pushes) => {
        const { core, layer, client } = setUp()
        const viewer = client()
        const text = { a: 'abcdefghijklmnopqrstuvwxyz'.repeat(4), b: '0123456789'.repeat(10) }
        const accepted = { a: 0, b: 0 }
        for (const [writer, offset, length] of pushes) {
          const name = writer as 'a' | 'b'
          viewer.input(name, offset, text[name].slice(offset, offset + length))
          if (offset <= accepted[name]) accepted[name] = Math.max(accepted[name], offset + length)
        }
        const written = layer.written.join('')
        expect(written.replaceAll(/\d/g, '')).toBe(text.a.slice(0, accepted.a))
        expect(written.replaceAll(/[a-z]/g, '')).toBe(text.b.slice(0, accepted.b))
        core.dispose()
      },
    ),
  )
})

test('accepted means taken by the kernel, and what waits is bounded', async () => {
  const { core, layer, client, clock } = setUp()
  const viewer = client()
  layer.takes = false
  for (let at = 0; at < 2 * WRITER_QUEUE_MAX; at += 10_000) viewer.input('a', at, 'x'.repeat(10_000))
  expect(layer.written).toHaveLength(1)
  const told = () =>
    viewer.frames
      .filter(({ type }) => type === HOST_FRAME.accepted)
      .map(({ payload }) => new FrameReader(payload).offset())
  expect(told().every((upTo) => upTo === 0)).toBe(true)
  layer.takes = true
  core.onWritten()
  // The program's answer goes first.
  expect(told().at(-1)).toBe(0)
  await clock.advance(5)
  expect(told().at(-1)).toBe(WRITER_QUEUE_MAX)
})

test("a writer's room is its own: what another one pastes never takes it away", () => {
  expect(WRITER_QUEUE_MAX).toBe(INPUT_WINDOW)
  const { core, layer, client } = setUp()
  const viewer = client()
  layer.takes = false
  for (let at = 0; at < WRITER_QUEUE_MAX; at += 16_384) viewer.input('a', at, 'a'.repeat(16_384))
  viewer.input('a', WRITER_QUEUE_MAX, 'refused')
  viewer.input('b', 0, 'from b')
  layer.takes = true
  core.onWritten()
  expect(layer.written.join('')).toBe(`${'a'.repeat(WRITER_QUEUE_MAX)}from b`)
  expect(viewer.withdraw('a')).toBe(WRITER_QUEUE_MAX)
})

test('however many writers there are, what waits is bounded', () => {
  let taken = 0
  const inputs = new Inputs({ write() {}, onAccepted() {} })
  const piece = new Uint8Array(WRITER_QUEUE_MAX)
  for (let i = 0; i < 1_000; i += 1) if (inputs.push(`writer-${i}`, 0, piece)) taken += 1
  expect(inputs.waiting).toBe(INPUT_TOTAL_MAX)
  expect(taken).toBe(INPUT_TOTAL_MAX / WRITER_QUEUE_MAX)
  expect(Object.keys(inputs.all()).length).toBeLessThanOrEqual(WRITERS_MAX)
  // Those whose bytes wait are all known, and nobody else's count is made up.
  for (let i = 0; i < taken; i += 1) expect(inputs.all()).toHaveProperty(`writer-${i}`)
  const busy = new Inputs({ write() {}, onAccepted() {} })
  for (let i = 0; i < WRITERS_MAX; i += 1) expect(busy.push(`writer-${i}`, 0, piece.subarray(0, 1))).toBe(true)
  expect(busy.push('one-more', 0, piece)).toBe(false)
})

test('what waits of a writer is withdrawn exactly, and its count is told before the answer', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.record({
            do: fc.constant('type' as const),
            writer: fc.constantFrom('a', 'b'),
            n: fc.integer({ min: 1, max: 9_000 }),
          }),
          fc.record({ do: fc.constant('withdraw' as const), writer: fc.constantFrom('a', 'b'), n: fc.constant(0) }),
          fc.record({ do: fc.constant('take' as const), writer: fc.constant('a'), n: fc.constant(0) }),
        ),
        { maxLength: 60 },
      ),
      (steps) => {
        const { core, layer, client } = setUp()
        const viewer = client()
        layer.takes = false
        // What each writer meant to type: bytes that were withdrawn are typed anew, as other ones.
        const typed: Record<string, string> = { a: '', b: '' }
        let letter = 0
        for (const { do: what, writer, n } of steps) {
          const before = typed[writer] ?? ''
          if (what === 'type') {
            const text = String.fromCharCode((writer === 'a' ? 97 : 65) + (letter++ % 26)).repeat(n)
            viewer.input(writer, before.length, text)
            typed[writer] = before + text
          } else if (what === 'withdraw') {
            const upTo = viewer.withdraw(writer)
            expect(upTo).toBeLessThanOrEqual(before.length)
            expect(viewer.accepted(writer)).toBe(upTo)
            typed[writer] = before.slice(0, upTo)
          } else core.onWritten()
        }
        for (let i = 0; i < 300; i += 1) core.onWritten()
        viewer.basis()
        const written = layer.written.join('')
        expect(written.replaceAll(/[A-Z]/g, '')).toBe((typed.a ?? '').slice(0, viewer.accepted('a')))
        expect(written.replaceAll(/[a-z]/g, '')).toBe((typed.b ?? '').slice(0, viewer.accepted('b')))
        core.dispose()
      },
    ),
  )
})

test('a count is told before the answer to a question that was asked later', () => {
  const { client } = setUp()
  const viewer = client()
  viewer.input('a', 0, 'x')
  viewer.basis()
  viewer.input('a', 1, 'y')
  viewer.send(new FrameWriter(CLIENT_FRAME.read, 16).u32(1).offset(0).u32(10).frame)
  const asked = [HOST_FRAME.accepted, HOST_FRAME.basisAnswer, HOST_FRAME.readAnswer] as number[]
  expect(viewer.types().filter((type) => asked.includes(type))).toEqual([
    ...[HOST_FRAME.accepted, HOST_FRAME.basisAnswer, HOST_FRAME.accepted, HOST_FRAME.readAnswer],
  ])
})

test('a follower whose credit ends before what was lost is told of the jump, once', async () => {
  const { core, clock, client } = setUp()
  const viewer = client('attach')
  viewer.follow(0, 10)
  print(core, '0123456789')
  await clock.advance(10)
  print(core, '\x1b[?1049h')
  for (let i = 0; i < 100; i += 1) print(core, lines(1_000))
  await clock.advance(100)
  const jumps = viewer.output().slice(1)
  expect(jumps).toHaveLength(1)
  const at = jumps[0]?.reader.offset() ?? 0
  expect(jumps[0]?.reader.rest()).toHaveLength(0)
  expect(at).toBeGreaterThan(10)
  viewer.send(new FrameWriter(CLIENT_FRAME.credit, 8).offset(core.status.start_offset + 5).frame)
  expect(viewer.output().at(-1)?.payload).toHaveLength(13)
})

test('title and bell are told; a bell inside a string is none', () => {
  const { core, client } = setUp()
  const viewer = client()
  for (const part of ['\x1b]0;one', ' title\x07', 'x\x07', `\x1b]2;${'long '.repeat(200_000)}`, '\x1b\\'])
    print(core, part)
  expect(viewer.types().filter((type) => type === HOST_FRAME.bell)).toHaveLength(1)
  expect(core.status.title).toHaveLength(256)
  print(core, '\x1b]0;a\x1b[31m\u202eb\x07')
  expect(core.status.title).not.toMatch(/\p{C}/u)
})

test('frames of nonsense end the connection and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (bytes, type) => {
      const { core, client } = setUp()
      const viewer = client()
      const framed = new FrameWriter(type, bytes.length).bytes(bytes).frame
      for (const frame of [framed, bytes]) if (!viewer.connection.receive(frame)) break
      print(core, 'still here')
      expect(core.status.end_offset).toBe(10)
      core.dispose()
    }),
  )
})
