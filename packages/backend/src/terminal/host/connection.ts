import type { Clock } from '@pilot/protocol/link/clock'
import { COALESCE_MS, OUTPUT_FRAME_MAX } from './limits.ts'
import type { Ring } from './ring.ts'
import type { Sizes } from './sizes.ts'
import { CLIENT_FRAME, FrameDecoder, FrameReader, FrameWriter, HOST_FRAME } from './wire.ts'

/** The far end of a connection. */
export interface Pipe {
  /** What cannot be written at once is copied, because `frame` is used again; false then, until `drained`. */
  send(frame: Uint8Array): boolean
  close(): void
}

/** What a client may ask for; the host core answers. */
export interface ConnectionHandler {
  onHello(connection: Connection, hello: unknown): void
  onHold(connection: Connection, at: number | null): void
  onInput(connection: Connection, writer: string, offset: number, bytes: Uint8Array): void
  onResize(cols: number, rows: number): void
  onCheckpoint(offset: number, cols: number, rows: number, snapshot: Uint8Array): void
  onRedraw(): void
  onEnd(connection: Connection, request: number, force: boolean, graceMs: number): void
  onDismiss(): void
  onRead(connection: Connection, request: number, from: number, max: number): void
  onBasis(connection: Connection, request: number): void
  onWithdraw(connection: Connection, request: number, writer: string): void
}

export interface ConnectionOptions {
  pipe: Pipe
  ring: Ring
  sizes: Sizes
  clock: Clock
  handler: ConnectionHandler
}

const decodeWriter = new TextDecoder()
/** From this many bytes on a frame is written into memory that is kept. */
const BULK = 16 * 1024
/** What a frame of output has beside its bytes, and some. */
const FRAME_ROOM = 64

/** One client: what it follows, up to where it granted credit, and the frames it sends. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #decoder: FrameDecoder
  /** Next byte to be pushed; null while it follows nothing. */
  #cursor: number | null = null
  #credit = 0
  #writable = true
  #cancelPump: (() => void) | null = null
  #lastPump = 0
  /** A size at the cursor that was told already. */
  #toldSize = -1
  /** The cursor jumped over output that was lost, and the client does not know yet. */
  #lost = false
  #bulk: Uint8Array | undefined
  /** Told once for each credit that turns out too small. */
  #mayTellLoss = false
  role: string | null = null

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#decoder = new FrameDecoder((type, payload) => this.#frame(type, payload))
  }

  get following(): boolean {
    return this.#cursor !== null
  }

  send(frame: Uint8Array): void {
    if (!this.#options.pipe.send(frame)) this.#writable = false
  }

  /** Bytes from the client. False when they make no sense: the connection is to be closed. */
  receive(chunk: Uint8Array): boolean {
    try {
      return this.#decoder.push(chunk)
    } catch {
      return false
    }
  }

  drained(): void {
    this.#writable = true
    this.pump()
  }

  closed(): void {
    this.#cancelPump?.()
    this.#cursor = null
  }

  /** New output is in the ring. Small pieces wait a moment for more, unless `urgent`. */
  outputArrived(urgent: boolean): void {
    if (this.#cursor === null) return
    const { clock, ring } = this.#options
    const waiting = ring.end - this.#cursor
    if (urgent || waiting >= OUTPUT_FRAME_MAX / 2 || clock.now() - this.#lastPump >= COALESCE_MS) this.pump()
    else this.#cancelPump ??= clock.after(COALESCE_MS, () => this.pump())
  }

  /** Sends what the client has credit for. */
  pump(): void {
    this.#cancelPump?.()
    this.#cancelPump = null
    const { ring, sizes, clock } = this.#options
    while (this.#cursor !== null && this.#writable) {
      // What fell out of the ring is lost to this client; the jump of the offset tells it.
      if (ring.start > this.#cursor) {
        this.#cursor = ring.start
        this.#lost = true
      }
      const cursor = this.#cursor
      const size = sizes.last.offset >= cursor ? sizes.after(cursor - 1)[0] : undefined
      if (size && size.offset === cursor && this.#toldSize !== cursor) {
        this.#toldSize = cursor
        this.send(new FrameWriter(HOST_FRAME.size, 12).offset(cursor).u16(size.cols).u16(size.rows).frame)
        continue
      }
      const next = size && size.offset === cursor ? sizes.after(cursor)[0] : size
      const until = Math.min(
        ring.end,
        this.#credit,
        cursor + OUTPUT_FRAME_MAX,
        next?.offset ?? Number.POSITIVE_INFINITY,
      )
      if (until <= cursor) {
        // Without a byte to carry it the jump would stay unknown, and no credit would ever come for what follows.
        if (this.#lost && this.#mayTellLoss) {
          this.#lost = this.#mayTellLoss = false
          this.send(new FrameWriter(HOST_FRAME.output, 8).offset(cursor).frame)
        }
        break
      }
      this.#lost = false
      const writer = new FrameWriter(HOST_FRAME.output, 8 + until - cursor, this.#buffer(until - cursor)).offset(cursor)
      ring.copy(cursor, until - cursor, writer.frame, writer.position)
      this.#cursor = until
      this.send(writer.frame)
    }
    this.#lastPump = clock.now()
  }

  /** Room for a frame of output. Bulk uses the same again and again; what is small costs less when it is made anew. */
  #buffer(length: number): Uint8Array | undefined {
    if (length < BULK) return undefined
    this.#bulk ??= new Uint8Array(OUTPUT_FRAME_MAX + FRAME_ROOM)
    return this.#bulk
  }

  /** The size at the present end changed: a client that was told the former one there is told the new one. */
  sizeChanged(): void {
    this.#toldSize = -1
    this.pump()
  }

  #frame(type: number, payload: Uint8Array): void {
    const { handler, ring } = this.#options
    const reader = new FrameReader(payload)
    if (type === CLIENT_FRAME.hello) {
      handler.onHello(this, reader.json())
      return
    }
    if (this.role === null) throw new Error('no hello')
    switch (type) {
      case CLIENT_FRAME.follow:
        this.#cursor = Math.min(reader.offset(), ring.end)
        this.#credit = this.#cursor
        this.#lost = this.#mayTellLoss = false
        // The follower knows the size at the offset it begins from, except where a later one begins right there.
        this.#toldSize = -1
        this.pump()
        return
      case CLIENT_FRAME.unfollow:
        this.#cursor = null
        return
      case CLIENT_FRAME.credit:
        this.#credit = Math.max(this.#credit, reader.offset())
        this.#mayTellLoss = true
        this.pump()
        return
      case CLIENT_FRAME.hold: {
        const at = reader.signed()
        handler.onHold(this, at < 0 ? null : at)
        return
      }
      case CLIENT_FRAME.input: {
        const offset = reader.offset()
        const writer = decodeWriter.decode(reader.bytes(reader.u16()))
        handler.onInput(this, writer, offset, reader.rest())
        return
      }
      case CLIENT_FRAME.resize:
        handler.onResize(reader.u16(), reader.u16())
        return
      case CLIENT_FRAME.checkpoint:
        handler.onCheckpoint(reader.offset(), reader.u16(), reader.u16(), reader.rest())
        return
      case CLIENT_FRAME.redraw:
        handler.onRedraw()
        return
      case CLIENT_FRAME.end:
        handler.onEnd(this, reader.u32(), reader.u8() === 1, reader.u32())
        return
      case CLIENT_FRAME.dismiss:
        handler.onDismiss()
        return
      case CLIENT_FRAME.read:
        handler.onRead(this, reader.u32(), reader.offset(), reader.u32())
        return
      case CLIENT_FRAME.basis:
        handler.onBasis(this, reader.u32())
        return
      case CLIENT_FRAME.withdraw:
        handler.onWithdraw(this, reader.u32(), decodeWriter.decode(reader.rest()))
        return
    }
  }
}
