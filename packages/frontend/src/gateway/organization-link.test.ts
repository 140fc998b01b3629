import { FakeClock } from '@pilot/protocol/link/fake-clock'
import type { LinkSocketHandlers } from '@pilot/protocol/link/socket'
import { describe, expect, it } from 'vitest'
import { openOrganizationLink } from './organization-link.ts'

const INVALIDATE = '{"schema_version":"1","type":"invalidate","keys":[["machine","list"]]}'

function setUp() {
  const clock = new FakeClock()
  const sockets: { handlers: LinkSocketHandlers; sent: unknown[] }[] = []
  const messages: unknown[] = []
  let resumed = 0
  let online = true
  let pageChanged: () => void = () => undefined
  const link = openOrganizationLink({
    clock,
    random: () => 0.5,
    page: {
      visible: () => true,
      online: () => online,
      onChange: (listener) => {
        pageChanged = listener
        return () => undefined
      },
    },
    connect: (handlers) => {
      const socket = { handlers, sent: [] as unknown[] }
      sockets.push(socket)
      return { send: (data) => socket.sent.push(data), close: () => undefined, bufferedAmount: () => 0 }
    },
    onMessage: (message) => messages.push(message),
    onResume: () => {
      resumed += 1
    },
  })
  const network = (there: boolean) => {
    online = there
    pageChanged()
  }
  return { clock, sockets, messages, link, network, resumes: () => resumed }
}

describe('openOrganizationLink', () => {
  it('is connecting, then live with the round trip of a ping', async () => {
    const { clock, sockets, link } = setUp()
    expect(link.getState()).toMatchObject({ state: 'connecting', since: null })
    sockets[0]!.handlers.open()
    expect(sockets[0]!.sent).toEqual(['ping'])
    await clock.advance(24)
    sockets[0]!.handlers.message('pong')
    expect(link.getState()).toEqual({ state: 'live', latency_ms: 24, since: null })
    link.close()
  })

  it('is offline since the loss until it stands again, and then says that something was missed', async () => {
    const { clock, sockets, link, resumes } = setUp()
    sockets[0]!.handlers.open()
    await clock.advance(3_000)
    sockets[0]!.handlers.message('pong')
    await clock.advance(2_000)
    const lost = clock.now()
    sockets[0]!.handlers.close(1006, '')
    expect(link.getState()).toMatchObject({ state: 'offline', since: new Date(lost) })
    await clock.advance(600)
    expect(sockets.length).toBeGreaterThan(1)
    expect(link.getState()).toMatchObject({ state: 'offline', since: new Date(lost) })
    expect(resumes()).toBe(0)
    sockets.at(-1)!.handlers.open()
    expect(link.getState()).toMatchObject({ state: 'offline', since: new Date(lost) })
    sockets.at(-1)!.handlers.message('pong')
    expect(link.getState().state).toBe('live')
    expect(resumes()).toBe(1)
    link.close()
    expect(clock.pending).toBe(0)
  })

  it('asks every ten seconds, and dials again when there is no answer', async () => {
    const { clock, sockets, link } = setUp()
    sockets[0]!.handlers.open()
    sockets[0]!.handlers.message('pong')
    await clock.advance(10_000)
    expect(sockets[0]!.sent).toEqual(['ping', 'ping'])
    expect(link.getState().state).toBe('live')
    await clock.advance(5_000)
    expect(link.getState()).toMatchObject({ state: 'offline', since: new Date(clock.now()) })
    await clock.advance(600)
    expect(sockets.length).toBeGreaterThan(1)
    link.close()
  })

  it('is offline as soon as the browser says so, and live again only after a new answer', async () => {
    const { clock, sockets, link, network } = setUp()
    sockets[0]!.handlers.open()
    sockets[0]!.handlers.message('pong')
    await clock.advance(1_000)
    network(false)
    expect(link.getState()).toMatchObject({ state: 'offline', since: new Date(clock.now()) })
    // The server may be this very computer: it is asked all the same.
    expect(sockets[0]!.sent).toEqual(['ping', 'ping'])
    network(true)
    expect(link.getState().state).toBe('offline')
    await clock.advance(9)
    sockets[0]!.handlers.message('pong')
    expect(link.getState()).toEqual({ state: 'live', latency_ms: 9, since: null })
    link.close()
  })

  it('passes on what is well-formed and drops the rest', async () => {
    const { sockets, messages, link } = setUp()
    sockets[0]!.handlers.open()
    for (const data of ['{', '{"schema_version":"1","type":"nonsense"}', INVALIDATE]) {
      sockets[0]!.handlers.message(data)
    }
    expect(messages).toEqual([JSON.parse(INVALIDATE)])
    link.close()
  })
})
