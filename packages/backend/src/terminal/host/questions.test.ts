import { FakeClock } from '@pilot/protocol/link/fake-clock'
import { expect, test } from 'vitest'
import { HostCore } from './host-core.ts'
import type { Layer } from './layer.ts'
import { testHosts, until } from './testing-host.ts'
import {
  CLIENT_FRAME,
  decodeText,
  encodeText,
  FrameDecoder,
  FrameReader,
  FrameWriter,
  HOST_FRAME,
  jsonFrame,
} from './wire.ts'

/** A holder whose program reads everything, and a tab's connection that follows it when told to. */
function setUp(layer: Partial<Layer> = {}) {
  const clock = new FakeClock()
  const state = { written: '', accepted: 0 }
  const core = new HostCore({
    ...{ terminalId: 'term_1', epoch: 'epoch', hostPid: 1, cols: 80, rows: 24, clock },
    ...{ onStatus() {}, onCheckpoint() {}, onDismissed() {} },
  })
  core.start({
    programPid: 2,
    write(bytes) {
      state.written += decodeText(bytes)
      core.onWritten()
    },
    ...{ resize() {}, pause() {}, resume() {}, foreground: async () => 'sh', end: async () => true, close() {} },
    ...layer,
  })
  const decoder = new FrameDecoder((type, payload) => {
    if (type === HOST_FRAME.accepted) state.accepted = new FrameReader(payload).offset()
  })
  const connection = core.connect({ send: (frame) => decoder.push(frame), close() {} })
  const send = (frame: Uint8Array) => connection.receive(frame)
  send(jsonFrame(CLIENT_FRAME.hello, { protocol: 1, role: 'daemon' }))
  return {
    clock,
    state,
    print: (text: string) => core.onData(encodeText(text)),
    watch: () => send(new FrameWriter(CLIENT_FRAME.follow, 8).offset(core.status.end_offset).frame),
    leave: () => send(new FrameWriter(CLIENT_FRAME.unfollow, 0).frame),
    type(offset: number, text: string, writer = 'w') {
      const bytes = encodeText(text)
      const frame = new FrameWriter(CLIENT_FRAME.input, 11 + bytes.length).offset(offset)
      frame.u16(1).bytes(encodeText(writer))
      send(frame.bytes(bytes).frame)
    },
    core,
  }
}
const ASKS = '\x1b[c\x1b[0c\x1b[>c\x1b[5n\x1b[?2004$p\x1b[4$p\x1b[?9999$p'
const ANSWERS = '\x1b[?1;2c\x1b[?1;2c\x1b[>0;276;0c\x1b[0n\x1b[?2004;1$y\x1b[4;2$y\x1b[?9999;0$y'

test('with nobody there a program is answered at once, as a tab would answer', async () => {
  const { print, state, clock } = setUp()
  print('\x1b[?2004h$ ')
  print(ASKS)
  expect(state.written).toBe(ANSWERS)
  await clock.advance(60_000)
  // Where the cursor is, and which colours there are, only a tab can tell.
  print('\x1b[6n\x1b[?6n\x1b]11;?\x07\x1b[1c\x1b[c')
  expect(state.written).toBe(`${ANSWERS}\x1b[?1;2c`)
})

test('a tab that has the focus answers, and nothing is said twice', async () => {
  const { print, state, clock, watch, type } = setUp()
  watch()
  print('\x1b[c\x1b[5n')
  expect(state.written).toBe('')
  await clock.advance(300)
  type(0, 'ls\x1b[?62;4c\x1b[0n')
  await clock.advance(60_000)
  expect(state.written).toBe('ls\x1b[?62;4c\x1b[0n')
})

test('of two tabs that have the focus the first one is heard', async () => {
  const { print, state, clock, watch, type } = setUp()
  watch()
  print('\x1b[6n\x1b[c')
  type(0, '\x1b[3;4R', 'a')
  type(0, 'x\x1b[5;6R\x1b[?1;2cy', 'b')
  type(6, '\x1b[?1;2c', 'a')
  expect(state.written).toBe('\x1b[3;4Rx\x1b[?1;2cy')
  // Asked again, whoever comes first is heard again, and a key that looks like an answer stays a key.
  print('\x1b[6n')
  type(15, '\x1b[7;8R', 'b')
  expect(state.written).toBe('\x1b[3;4Rx\x1b[?1;2cy\x1b[7;8R')
  await clock.advance(3_000)
  type(13, '\x1b[1;2R', 'a')
  expect(state.written).toBe('\x1b[3;4Rx\x1b[?1;2cy\x1b[7;8R\x1b[1;2R')
})

test('with a tab that does not answer it is answered after a moment, and a late answer is left out', async () => {
  const { print, state, clock, watch, leave, type, core } = setUp()
  watch()
  print('\x1b[c')
  await clock.advance(999)
  expect(state.written).toBe('')
  await clock.advance(1)
  expect(state.written).toBe('\x1b[?1;2c')
  type(0, 'a\x1b[?62;4cb')
  expect(state.written).toBe('\x1b[?1;2cab')
  // What was left out counts as typed: what follows goes on from there.
  type(10, 'c')
  expect(state.written).toBe('\x1b[?1;2cabc')
  // The same once more is not late any more, and the program gets it.
  type(11, '\x1b[?62;4c')
  expect(state.written).toBe('\x1b[?1;2cabc\x1b[?62;4c')
  leave()
  print('\x1b[c')
  expect(state.written).toBe('\x1b[?1;2cabc\x1b[?62;4c\x1b[?1;2c')
  expect(core.status.state).toBe('running')
})

test('a terminal that answers by itself is not answered again, neither from here nor by a tab', async () => {
  const { print, state, clock, watch, type } = setUp({ answers: true })
  print('\x1b[c')
  watch()
  print('\x1b[6n\x1b[?2004$p')
  await clock.advance(2_000)
  type(0, '\x1b[?2004;1$y\x1b[3;4R\x1b[?1;2c')
  expect(state.written).toBe('\x1b[?2004;1$y')
  await clock.advance(5)
  expect(state.accepted).toBe(24)
  // Shift and F3, which looks like a place of the cursor, is a key again soon.
  print('\x1b[6n')
  await clock.advance(3_000)
  type(24, '\x1b[1;2R')
  expect(state.written).toBe('\x1b[?2004;1$y\x1b[1;2R')
})

test('a program that asks again and again and reads nothing costs nothing', async () => {
  const { print, state, clock, watch } = setUp({ write() {} })
  for (let i = 0; i < 1_000; i += 1) print(ASKS.repeat(20))
  watch()
  for (let i = 0; i < 1_000; i += 1) print(ASKS.repeat(20))
  await clock.advance(60_000)
  expect(state.written).toBe('')
})

test('a real program that asks before anybody looks goes on', async () => {
  const hosts = testHosts()
  try {
    const script = 'stty raw -echo; printf "\\033[c"; head -c 7 | tail -c 6; printf "\\r\\nwent on\\r\\n"; sleep 60'
    const terminal = await hosts.start(['/bin/bash', '-c', script])
    await until('the answer to be read', () => terminal.source.status.end_offset > 15)
    terminal.watch()
    await until('it went on', () => terminal.text().includes('[?1;2c\r\nwent on'))
  } finally {
    await hosts.dispose()
  }
})
