import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from './pilot.ts'
import { SEED, seeded } from './random.ts'
import { Relay, type RelayOptions } from './relay.ts'

/** What one end of a connection has seen. */
interface End {
  socket: Socket
  chunks: Buffer[]
  ended: boolean
  error: string | null
  closed: boolean
}

function watch(socket: Socket): End {
  const end: End = { socket, chunks: [], ended: false, error: null, closed: false }
  socket.on('data', (chunk: Buffer) => end.chunks.push(chunk))
  socket.on('end', () => {
    end.ended = true
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end.error = error.code ?? 'error'
  })
  socket.on('close', () => {
    end.closed = true
  })
  return end
}
const text = (end: End) => Buffer.concat(end.chunks).toString('latin1')

describe(`the relay (seed ${SEED})`, () => {
  let server: Server
  let relay: Relay
  const far: End[] = []
  const near: End[] = []

  const start = async (options: Partial<RelayOptions> = {}) => {
    const address = server.address()
    const to = typeof address === 'object' && address ? address.port : 0
    relay = await Relay.start({ to, random: seeded(SEED), ...options })
  }
  async function pair(): Promise<[End, End]> {
    const count = far.length
    const client = watch(connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true }))
    near.push(client)
    return [client, await until('the far end', () => far[count])]
  }
  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true }, (socket) => far.push(watch(socket)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(async () => {
    await relay.close()
    for (const { socket } of [...far.splice(0), ...near.splice(0)]) socket.destroy()
    server.close()
    await once(server, 'close')
  })

  it('passes everything on in both directions, and an end in order', async () => {
    await start()
    const [client, remote] = await pair()
    const bytes = Buffer.alloc(3_000_000, 'pilot')
    client.socket.end(bytes)
    remote.socket.write('answer')
    await until('the end', () => remote.ended)
    expect(Buffer.concat(remote.chunks).equals(bytes)).toBe(true)
    expect(text(client)).toBe('answer')
    expect([client.ended, client.error]).toEqual([false, null])
    remote.socket.end()
    await until('the other end', () => client.ended && client.closed)
    await until('nothing to be left', () => relay.connections === 0)
  })

  it('delays with jitter, in order', async () => {
    await start()
    relay.shape('both', { delayMs: 30, jitterMs: 30 })
    const [client, remote] = await pair()
    const began = performance.now()
    for (let i = 0; i < 200; i++) client.socket.write(`${i},`)
    await until('all', () => text(remote).endsWith('199,'))
    expect(performance.now() - began).toBeGreaterThan(29)
    expect(text(remote)).toBe(Array.from({ length: 200 }, (_, i) => `${i},`).join(''))
  })

  it('holds a rate, and stops reading a sender that is faster', async () => {
    await start()
    relay.shape('up', { bytesPerSecond: 100_000 })
    const [client, remote] = await pair()
    const began = performance.now()
    client.socket.write(Buffer.alloc(30_000))
    await until('all', () => text(remote).length === 30_000)
    expect(performance.now() - began).toBeGreaterThan(250)
    client.socket.write(Buffer.alloc(40_000_000))
    await until('the sender to be held back', () => relay.bytes.up > 1_000_000)
    expect(relay.bytes.up).toBeLessThan(5_000_000)
  })

  it('slices into pieces that arrive by themselves', async () => {
    await start()
    relay.shape('both', { slice: { min: 1, max: 7 } })
    const [client, remote] = await pair()
    client.socket.write('x'.repeat(4_000))
    await until('all', () => text(remote).length === 4_000)
    expect(remote.chunks.length).toBeGreaterThan(400)
  })

  it.each(['up', 'down', 'both'] as const)('drops what goes %s, tells nobody, and resets once healed', async (way) => {
    await start()
    const [client, remote] = await pair()
    client.socket.write('a')
    remote.socket.write('b')
    await until('both', () => text(client) === 'b' && text(remote) === 'a')
    relay.drop(way)
    client.socket.write('c')
    remote.socket.write('d')
    // Both were read by the relay, so what is to arrive has arrived or is lost.
    await until('the bytes to be taken', () => relay.bytes.up === 2 && relay.bytes.down === 2)
    if (way !== 'up') await until('c, one way', () => way === 'both' || text(remote) === 'ac')
    if (way !== 'down') await until('d, one way', () => way === 'both' || text(client) === 'bd')
    expect([text(client), text(remote)]).toEqual([way === 'up' ? 'bd' : 'b', way === 'down' ? 'ac' : 'a'])
    expect([client.closed, remote.closed]).toEqual([false, false])
    relay.heal()
    await until('the reset', () => client.error === 'ECONNRESET' && remote.error === 'ECONNRESET')
  })

  it('freezes: nothing is lost, everything comes later', async () => {
    await start()
    const [client, remote] = await pair()
    relay.freeze()
    client.socket.write('later')
    await until('the connection', () => remote)
    expect(text(remote)).toBe('')
    relay.heal()
    await until('what waited', () => text(remote) === 'later')
    expect(client.error).toBeNull()
  })

  it('cuts by reset or in order, half-closes, refuses', async () => {
    await start()
    const [one, other] = await pair()
    relay.cut('reset')
    await until('the reset', () => one.error === 'ECONNRESET' && other.error === 'ECONNRESET')
    const [two, second] = await pair()
    relay.cut('end')
    await until('the end', () => two.ended && second.ended)
    expect([two.error, second.error]).toEqual([null, null])
    const [three, third] = await pair()
    relay.halfClose('up')
    await until('half an end', () => third.ended)
    third.socket.write('still here')
    await until('the other way', () => text(three) === 'still here')
    relay.away()
    const refused = watch(connect(relay.port, '127.0.0.1'))
    near.push(refused)
    await until('the refusal', () => refused.error === 'ECONNRESET')
    relay.heal()
    const [four, fourth] = await pair()
    four.socket.write('x')
    await until('the byte', () => text(fourth) === 'x')
    expect(relay.accepted).toBe(5)
  })

  it('reaches the far end twice', async () => {
    await start()
    relay.duplicateNext()
    const [client] = await pair()
    await until('the second', () => far.length === 2)
    client.socket.write('hello')
    await until('both', () => far.every((end) => text(end) === 'hello'))
    far[0]?.socket.write('1')
    far[1]?.socket.write('2')
    await until('one answer', () => text(client).length > 0)
    expect(text(client)).toHaveLength(1)
  })

  it('says the name of the far end in a request', async () => {
    await start({ rewriteHost: true })
    const [client, remote] = await pair()
    client.socket.write('GET /x HTTP/1.1\r\nHost: 127.0.0.1:1\r\nA: b\r\n\r\n')
    await until('the request', () => text(remote).endsWith('\r\n\r\n'))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    expect(text(remote)).toBe(`GET /x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nA: b\r\n\r\n`)
  })
})
