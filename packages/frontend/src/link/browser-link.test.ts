import { encodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import { FakeClock } from '@pilot/protocol/link/fake-clock'
import type { LinkSocketHandlers } from '@pilot/protocol/link/socket'
import { describe, expect, it } from 'vitest'
import { browserLink, socketUrl } from './browser-link.ts'

function setUp() {
  const clock = new FakeClock()
  const sockets: LinkSocketHandlers[] = []
  const sent: string[] = []
  const open = browserLink({
    url: 'ws://app.invalid/x',
    clock,
    random: () => 0.5,
    connect: (handlers) => {
      sockets.push(handlers)
      return { send: (data) => sent.push(String(data)), close: () => undefined, bufferedAmount: () => 0 }
    },
  })
  return { clock, sockets, sent, open }
}

describe('browser link', () => {
  it('dials, passes JSON both ways, and comes back by itself', async () => {
    const t = setUp()
    const seen: unknown[] = []
    const link = t.open({
      up: () => seen.push('up'),
      down: (info) => seen.push(info),
      message: (message) => seen.push(message),
    })
    expect(link.send({ type: 'x' })).toBe(false)
    t.sockets[0]?.open()
    expect(link.send({ type: 'x' })).toBe(true)
    t.sockets[0]?.message('{"type":"y"}')
    t.sockets[0]?.message('not json')
    t.sockets[0]?.close(1006, '')
    expect(t.sent).toEqual(['{"type":"x"}'])
    expect(seen).toEqual(['up', { type: 'y' }, { retry_at: t.clock.now() + 250, final: false, code: 1006, reason: '' }])
    await t.clock.advance(300)
    expect(t.sockets).toHaveLength(2)
    t.sockets[1]?.open()
    t.sockets[1]?.close(4003, 'revoked')
    expect(seen.at(-1)).toEqual({ retry_at: null, final: true, code: 4003, reason: 'revoked' })
    await t.clock.advance(60_000)
    expect(t.sockets).toHaveLength(2)
    link.wake()
    expect(t.sockets).toHaveLength(3)
    link.close()
    expect(t.clock.pending).toBe(0)
  })

  it('passes frames both ways, and drops and counts what is none', () => {
    const t = setUp()
    const frames: unknown[] = []
    const link = t.open({
      up: () => undefined,
      down: () => undefined,
      message: () => undefined,
      frame: (frame) => frames.push(frame),
    })
    t.sockets[0]?.open()
    const frame = { kind: FRAME_KIND.terminal_output, channel: 7, offset: 9, payload: Uint8Array.of(1, 2) }
    t.sockets[0]?.message(encodeFrame(frame))
    t.sockets[0]?.message(Uint8Array.of(1))
    t.sockets[0]?.message(new Uint8Array(40).fill(255))
    expect(frames).toEqual([frame])
    expect(link.badFrames()).toBe(2)
    expect(link.sendFrame(encodeFrame(frame))).toBe(true)
    expect(t.sent).toHaveLength(1)
    link.close()
    expect(link.sendFrame(encodeFrame(frame))).toBe(false)
  })

  it('knows when anything was heard, and gives up a silent connection', async () => {
    const t = setUp()
    const downs: unknown[] = []
    const link = t.open({ up: () => undefined, down: (info) => downs.push(info.reason), message: () => undefined })
    t.sockets[0]?.open()
    expect(link.heardAt()).toBe(0)
    link.ping()
    expect(t.sent).toEqual(['ping'])
    await t.clock.advance(70)
    t.sockets[0]?.message('pong')
    expect(link.heardAt()).toBe(t.clock.now())
    link.restart()
    expect(downs).toEqual(['no answer'])
    await t.clock.advance(300)
    expect(t.sockets).toHaveLength(2)
    link.close()
  })

  it('knows the address of a socket', () => {
    expect(socketUrl({ protocol: 'https:', host: 'a.example' }, '/pilot/x')).toBe('wss://a.example/pilot/x')
    expect(socketUrl({ protocol: 'http:', host: 'localhost:1' }, '/x')).toBe('ws://localhost:1/x')
  })
})
