import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Random } from './random.ts'
import { seeded } from './random.ts'
import { Lane, OPEN, type Shape } from './relay-lane.ts'

/** `up` is what the client sends, `down` what it gets. */
export type Direction = 'up' | 'down' | 'both'

interface Pair {
  client: Socket
  server: Socket
  up: Lane
  down: Lane
  /** Gets what the client says, too; what it answers is nobody's. */
  shadow: Socket | null
}

export interface RelayOptions {
  /** Port on this computer that connections are passed on to. */
  to: number
  random?: Random
  /**
   * Takes the relay's own address out of the Host line of a request, as a proxy does: the far end serves its own
   * address only.
   */
  rewriteHost?: boolean
}

/** A TCP relay on this computer that harms what passes through it. */
export class Relay {
  readonly #options: Required<Pick<RelayOptions, 'random' | 'rewriteHost'>> & RelayOptions
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #shapes: { up: Shape; down: Shape } = { up: OPEN, down: OPEN }
  #refusing = false
  #duplicates = 0
  /** Connections that were taken since the beginning. */
  accepted = 0
  /** Milliseconds (performance.now) at which each of them was taken: shows a stampede. */
  readonly acceptedAt: number[] = []

  private constructor(options: RelayOptions) {
    this.#options = { random: seeded(1), rewriteHost: false, ...options }
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  }

  static async start(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options)
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  /** `http:` address of the relay, with a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  get connections(): number {
    return this.#pairs.size
  }

  /** Bytes that came in from clients and from the far end, of the connections that are open. */
  get bytes(): { up: number; down: number } {
    const pairs = [...this.#pairs]
    return {
      up: pairs.reduce((sum, pair) => sum + pair.up.bytes, 0),
      down: pairs.reduce((sum, pair) => sum + pair.down.bytes, 0),
    }
  }

  /** Changes what happens to a direction from now on, in open connections too; what is not named stays. */
  shape(direction: Direction, change: Partial<Shape>): void {
    const { up, down } = this.#shapes
    this.#shapes = {
      up: direction === 'down' ? up : { ...up, ...change },
      down: direction === 'up' ? down : { ...down, ...change },
    }
    for (const pair of this.#pairs) this.#apply(pair)
  }

  /**
   * Harms nothing any more. Connections whose bytes were dropped are reset: a TCP stream has no holes, and what a real
   * network lost for good is a connection.
   */
  heal(): void {
    this.#refusing = false
    this.#shapes = { up: OPEN, down: OPEN }
    for (const pair of [...this.#pairs]) {
      if (pair.up.holed || pair.down.holed) this.#end(pair, 'reset')
      else this.#apply(pair)
    }
  }

  /** Nothing arrives any more, in either direction, and nobody is told. New connections hang as well. */
  drop(direction: Direction = 'both'): void {
    this.shape(direction, { drop: true })
  }

  /** Reads nothing any more: buffers fill up on both sides. */
  freeze(direction: Direction = 'both'): void {
    this.shape(direction, { freeze: true })
  }

  /** Ends every open connection at both sides: by RST, or in order. */
  cut(how: 'reset' | 'end' = 'reset'): void {
    for (const pair of [...this.#pairs]) this.#end(pair, how)
  }

  /** Tells one side that the other has finished sending, while the other way stays open. */
  halfClose(side: 'up' | 'down'): void {
    for (const { client, server } of this.#pairs) (side === 'up' ? server : client).end()
  }

  /** New connections are reset at once. Open ones stay. */
  refuse(on = true): void {
    this.#refusing = on
  }

  /** The network is away: open connections are reset and no new one comes about. */
  away(): void {
    this.refuse()
    this.cut()
  }

  /** The next connection reaches the far end twice, with the same words in both. */
  duplicateNext(): void {
    this.#duplicates += 1
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    this.accepted += 1
    this.acceptedAt.push(performance.now())
    client.setNoDelay(true)
    client.on('error', () => undefined)
    if (this.#refusing) {
      client.resetAndDestroy()
      return
    }
    const { random } = this.#options
    const server = this.#dial()
    const shadow = this.#duplicates > 0 ? this.#dial() : null
    if (shadow) this.#duplicates -= 1
    shadow?.resume()
    const edit = this.#options.rewriteHost ? (chunk: Buffer) => withHost(chunk, this.#options.to) : undefined
    const pair: Pair = {
      client,
      server,
      up: new Lane(client, server, random, (chunk) => {
        const edited = edit ? edit(chunk) : chunk
        shadow?.write(edited)
        return edited
      }),
      down: new Lane(server, client, random),
      shadow,
    }
    this.#pairs.add(pair)
    this.#apply(pair)
    for (const socket of [client, server]) {
      socket.on('close', () => {
        const other = socket === client ? server : client
        // An error at one side is a reset for the other; an end in order has been passed on.
        if (socket.errored && !this.#muted()) other.resetAndDestroy()
        if (other.destroyed) this.#forget(pair)
      })
    }
  }

  /** While bytes are dropped, the ends of connections are, too. */
  #muted(): boolean {
    return this.#shapes.up.drop || this.#shapes.down.drop
  }

  #dial(): Socket {
    const socket = connect({ port: this.#options.to, host: '127.0.0.1', allowHalfOpen: true })
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    return socket
  }

  #apply(pair: Pair): void {
    pair.up.shape = this.#shapes.up
    pair.down.shape = this.#shapes.down
  }

  #end(pair: Pair, how: 'reset' | 'end'): void {
    this.#forget(pair)
    for (const socket of [pair.client, pair.server]) {
      if (how === 'reset') socket.resetAndDestroy()
      else socket.end(() => socket.destroy())
    }
  }

  #forget(pair: Pair): void {
    this.#pairs.delete(pair)
    pair.up.close()
    pair.down.close()
    pair.shadow?.destroy()
  }
}

/** The beginning of a request, with the Host line of the far end. */
function withHost(chunk: Buffer, port: number): Buffer {
  if (!/^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \//.test(chunk.subarray(0, 12).toString('latin1'))) return chunk
  const text = chunk.toString('latin1')
  return Buffer.from(text.replace(/^host: .*$/im, `Host: 127.0.0.1:${port}`), 'latin1')
}
