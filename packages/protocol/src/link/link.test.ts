import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { Link, type LinkOptions, type LinkState, PING_EVERY_MS } from './link.ts'
import { type LinkSocketHandlers, webSocketFactory } from './socket.ts'

class Server {
  readonly clock = new FakeClock()
  readonly sockets: { handlers: LinkSocketHandlers; sent: unknown[]; closed: unknown[] }[] = []
  random = 0.999_999
  link: Link
  readonly states: LinkState[] = []
  readonly heard: unknown[] = []

  constructor(options: Partial<LinkOptions> = {}) {
    this.link = new Link({
      clock: this.clock,
      random: () => this.random,
      connect: (handlers) => {
        const socket = { handlers, sent: [] as unknown[], closed: [] as unknown[] }
        this.sockets.push(socket)
        return {
          send: (data) => void socket.sent.push(data),
          close: (code, reason) => void socket.closed.push([code, reason]),
          bufferedAmount: () => 0,
        }
      },
      ...options,
    })
    this.link.subscribe((state) => this.states.push(state))
    this.link.onMessage((data, generation) => this.heard.push([data, generation]))
  }
  get last() {
    const socket = this.sockets.at(-1)
    if (!socket) throw new Error('no socket')
    return socket
  }
}

let server: Server
beforeEach(() => {
  server = new Server()
})

describe('link', () => {
  test('connecting, live, messages with the generation', () => {
    server.link.connect()
    expect(server.link.send('early')).toBe(false)
    server.last.handlers.open()
    expect(server.link.send('hi')).toBe(true)
    server.last.handlers.message('yo')
    server.last.handlers.message(Uint8Array.of(1))
    expect(server.states.map((state) => state.status)).toEqual(['connecting', 'live'])
    expect(server.last.sent).toEqual(['hi'])
    expect(server.heard).toEqual([
      ['yo', 1],
      [Uint8Array.of(1), 1],
    ])
  })
  test('backoff doubles from 0.5 s to 30 s with full jitter and starts anew after 5 s up', async () => {
    server.link.connect()
    const waits: (number | null)[] = []
    for (let round = 0; round < 9; round += 1) {
      server.last.handlers.close(1006, '')
      waits.push(server.link.state.retry_in_ms)
      await server.clock.advance(server.link.state.retry_in_ms ?? 0)
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    server.last.handlers.open()
    await server.clock.advance(4_999)
    server.last.handlers.message('x')
    server.last.handlers.close(1006, '')
    expect(server.link.state.retry_in_ms).toBe(30_000)
    await server.clock.advance(30_000)
    server.last.handlers.open()
    await server.clock.advance(5_000)
    server.last.handlers.close(1006, '')
    expect(server.link.state.retry_in_ms).toBe(500)
    server.random = 0
    await server.clock.advance(500)
    server.last.handlers.close(1006, '')
    expect(server.link.state.retry_in_ms).toBe(0)
  })
  test('pings every 20 s; three without any answer close and reconnect', async () => {
    server.link.connect()
    const first = server.last
    first.handlers.open()
    await server.clock.advance(PING_EVERY_MS * 2)
    first.handlers.message('pong')
    await server.clock.advance(PING_EVERY_MS * 3)
    expect(first.sent).toEqual(['ping', 'ping', 'ping', 'ping', 'ping'])
    expect(server.link.state.status).toBe('live')
    await server.clock.advance(PING_EVERY_MS)
    expect(first.closed).toHaveLength(1)
    await server.clock.advance(500)
    expect(server.sockets).toHaveLength(2)
    first.handlers.message('ghost')
    first.handlers.close(1000, '')
    expect(server.heard).toEqual([])
    expect(server.link.state.status).toBe('connecting')
  })
  test('answers a ping of the other end', () => {
    server.link.connect()
    server.last.handlers.open()
    server.last.handlers.message('ping')
    expect([server.last.sent, server.heard]).toEqual([['pong'], []])
  })
  test.each([4003, 4004])('close code %i is final until connect is called', async (code) => {
    server.link.connect()
    server.last.handlers.open()
    server.last.handlers.close(code, 'no')
    expect(server.link.state).toMatchObject({
      status: 'offline',
      retry_in_ms: null,
      close_code: code,
      close_reason: 'no',
    })
    await server.clock.advance(3_600_000)
    expect([server.sockets.length, server.clock.pending]).toEqual([1, 0])
    server.link.connect()
    expect(server.sockets).toHaveLength(2)
  })
  test('mayReconnect decides about the others', async () => {
    server = new Server({ mayReconnect: (code) => code !== 4001 })
    server.link.connect()
    server.last.handlers.open()
    server.last.handlers.close(4001, 'REPLACED x')
    expect(server.link.state.retry_in_ms).toBeNull()
  })
  test('connect while waiting dials at once', async () => {
    server.link.connect()
    server.last.handlers.close(1006, '')
    server.link.connect()
    expect(server.link.state.status).toBe('connecting')
    await server.clock.advance(10_000)
    expect(server.sockets).toHaveLength(2)
  })
  test('an attempt that hangs is given up after 15 s', async () => {
    server.link.connect()
    await server.clock.advance(15_000)
    expect(server.sockets[0]?.closed).toHaveLength(1)
    expect(server.link.state.retry_in_ms).toBe(500)
    server.sockets[0]?.handlers.open()
    expect(server.link.state.status).toBe('offline')
  })
  test('close ends everything and leaves no timer', async () => {
    server.link.connect()
    server.last.handlers.open()
    server.link.close()
    expect([server.last.closed, server.clock.pending]).toEqual([[[1000, '']], 0])
    server.last.handlers.close(1000, '')
    await server.clock.advance(100_000)
    expect(server.sockets).toHaveLength(1)
    expect(server.states.filter((state) => state.status === 'offline')).toHaveLength(1)
  })
  test('a planned replacement waits until it may', async () => {
    let busy = true
    server = new Server({ replaceEveryMs: 60_000, mayReplace: () => !busy })
    server.random = 0.5
    server.link.connect()
    const answer = async (ms: number) => {
      for (let at = 0; at < ms; at += 10_000) {
        await server.clock.advance(10_000)
        server.last.handlers.message('pong')
      }
    }
    server.last.handlers.open()
    await answer(70_000)
    expect(server.sockets).toHaveLength(1)
    busy = false
    await answer(60_000)
    expect(server.sockets).toHaveLength(2)
    expect(server.sockets[0]?.closed).toEqual([[1000, 'planned']])
  })
  test('a factory that throws counts as a lost attempt', async () => {
    server = new Server({
      connect: () => {
        throw new Error('no such host')
      },
    })
    server.link.connect()
    expect(server.link.state).toMatchObject({ status: 'offline', retry_in_ms: 500 })
  })
  test('any sequence of events keeps one connection at most and never a timer after close', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('connect', 'open', 'close', 'lose', 'wait', 'message', 'send'), { maxLength: 40 }),
        async (steps) => {
          server = new Server()
          for (const step of steps) {
            const socket = server.sockets.at(-1)
            if (step === 'connect') server.link.connect()
            else if (step === 'close') server.link.close()
            else if (step === 'send') server.link.send('x')
            else if (step === 'wait') await server.clock.advance(7_000)
            else if (step === 'open') socket?.handlers.open()
            else if (step === 'lose') socket?.handlers.close(1006, '')
            else socket?.handlers.message('m')
            expect(server.clock.pending).toBeLessThanOrEqual(1)
          }
          server.link.close()
          expect(server.clock.pending).toBe(0)
        },
      ),
      { numRuns: 100 },
    )
  })
})

test('the WebSocket adapter gives bytes, one close, and does not wait for a dead peer', () => {
  const listeners = new Map<string, (event: never) => void>()
  const calls: unknown[] = []
  const heard: unknown[] = []
  const socket = webSocketFactory(() => ({
    binaryType: 'blob',
    bufferedAmount: 3,
    send: (data: unknown) => calls.push(data),
    close: (code?: number) => calls.push(code),
    addEventListener: (type: string, listener: (event: never) => void) => void listeners.set(type, listener),
  }))({
    open: () => heard.push('open'),
    message: (data) => heard.push(data),
    close: (code) => heard.push(code),
  })
  const fire = (type: string, event: unknown = {}) => listeners.get(type)?.(event as never)
  fire('open')
  fire('message', { data: 'text' })
  fire('message', { data: Uint8Array.of(9).buffer })
  socket.send('out')
  socket.close(1006, '')
  fire('message', { data: 'late' })
  fire('close', { code: 1000, reason: '' })
  expect(heard).toEqual(['open', 'text', Uint8Array.of(9), 1006])
  // 1006 is what we tell ourselves; the platform lets nobody send it.
  expect([calls, socket.bufferedAmount()]).toEqual([['out', 1000], 3])
})
