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

  it('knows the address of a socket', () => {
    expect(socketUrl({ protocol: 'https:', host: 'a.example' }, '/pilot/x')).toBe('wss://a.example/pilot/x')
    expect(socketUrl({ protocol: 'http:', host: 'localhost:1' }, '/x')).toBe('ws://localhost:1/x')
  })
})
