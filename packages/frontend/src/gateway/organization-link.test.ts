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
  const link = openOrganizationLink({
    clock,
    random: () => 0.5,
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
  return { clock, sockets, messages, link, resumes: () => resumed }
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
    await clock.advance(5_000)
    const lost = clock.now()
    sockets[0]!.handlers.close(1006, '')
    expect(link.getState()).toMatchObject({ state: 'offline', since: new Date(lost) })
    await clock.advance(600)
    expect(sockets.length).toBeGreaterThan(1)
    expect(link.getState()).toMatchObject({ state: 'offline', since: new Date(lost) })
    expect(resumes()).toBe(0)
    sockets.at(-1)!.handlers.open()
    expect(link.getState().state).toBe('live')
    expect(resumes()).toBe(1)
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
