import type { Socket } from 'node:net'
import type { Random } from './random.ts'

/** What happens to the bytes of one direction. Everything is off by default. */
export interface Shape {
  /** Later by this, in ms, and by up to `jitterMs` more; the order stays. */
  delayMs: number
  jitterMs: number
  /** 0: as fast as it goes. */
  bytesPerSecond: number
  /** Pieces of so many bytes, each sent by itself. */
  slice: { min: number; max: number } | null
  /** Swallowed: the sender believes that they arrived. */
  drop: boolean
  /** Not read any more: the sender's own buffers fill. */
  freeze: boolean
}

export const OPEN: Readonly<Shape> = {
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: 0,
  slice: null,
  drop: false,
  freeze: false,
}

/** Bytes that a lane holds before it stops reading. */
const MAX_HELD = 1_048_576

/** One direction of one connection: reads from one socket, writes to the other, in order. */
export class Lane {
  #shape: Shape = OPEN
  readonly #from: Socket
  readonly #to: Socket
  readonly #random: Random
  readonly #edit: (chunk: Buffer) => Buffer
  readonly #queue: { due: number; bytes: Buffer | null }[] = []
  #held = 0
  /** When the bytes that were taken so far have left a link of this rate. */
  #free = 0
  #lastDue = 0
  #timer: NodeJS.Timeout | NodeJS.Immediate | null = null
  #blocked = false
  #ended = false
  /** Bytes that came in, and whether some of them were swallowed: such a stream has a hole and can only be reset. */
  bytes = 0
  holed = false

  constructor(from: Socket, to: Socket, random: Random, edit: (chunk: Buffer) => Buffer = (chunk) => chunk) {
    this.#from = from
    this.#to = to
    this.#random = random
    this.#edit = edit
    from.on('data', (chunk: Buffer) => this.#take(chunk))
    from.on('end', () => this.#takeEnd())
    to.on('drain', () => {
      this.#blocked = false
      this.#run()
    })
  }

  set shape(shape: Shape) {
    this.#shape = shape
    this.#pressure()
    this.#run()
  }

  close(): void {
    if (this.#timer) {
      clearTimeout(this.#timer as NodeJS.Timeout)
      clearImmediate(this.#timer as NodeJS.Immediate)
    }
    this.#timer = null
    this.#queue.length = 0
    this.#ended = true
  }

  #take(chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.#shape.drop) {
      this.holed = true
      return
    }
    const { slice, delayMs, jitterMs, bytesPerSecond } = this.#shape
    const edited = this.#edit(chunk)
    const now = performance.now()
    // A link of a low rate takes pieces: a chunk does not wait for its own last byte.
    const largest = bytesPerSecond > 0 ? Math.max(1, Math.ceil(bytesPerSecond / 50)) : edited.length
    for (let at = 0; at < edited.length; ) {
      const size = slice ? this.#random.int(slice.min, slice.max) : largest
      const bytes = edited.subarray(at, at + size)
      at += bytes.length
      // It leaves when what was before it has left, and is under way from then on.
      this.#free = Math.max(now, this.#free) + (bytesPerSecond > 0 ? (bytes.length * 1_000) / bytesPerSecond : 0)
      const due = Math.max(this.#lastDue, this.#free + delayMs + jitterMs * this.#random.next())
      this.#lastDue = due
      this.#queue.push({ due, bytes })
      this.#held += bytes.length
    }
    this.#pressure()
    this.#run()
  }

  #takeEnd(): void {
    if (this.#shape.drop) return
    this.#queue.push({ due: this.#lastDue, bytes: null })
    this.#run()
  }

  #pressure(): void {
    if (this.#shape.freeze || this.#held > MAX_HELD) this.#from.pause()
    else this.#from.resume()
  }

  #run(): void {
    if (this.#timer || this.#blocked || this.#ended) return
    while (this.#queue[0] && !this.#blocked) {
      const wait = this.#queue[0].due - performance.now()
      if (wait > 0) {
        this.#later(setTimeout, Math.ceil(wait))
        return
      }
      const { bytes } = this.#queue.shift() ?? { bytes: null }
      if (bytes === null) {
        this.#to.end()
        this.#ended = true
        return
      }
      this.#held -= bytes.length
      if (this.#shape.drop) this.holed = true
      else if (!this.#to.destroyed && this.#to.writable) this.#blocked = !this.#to.write(bytes)
      // Written in turns of their own, so that they also arrive by themselves.
      if (this.#shape.slice) {
        this.#later(setImmediate, 0)
        return
      }
    }
    this.#pressure()
  }

  #later(set: typeof setTimeout | typeof setImmediate, ms: number): void {
    const next = () => {
      this.#timer = null
      this.#pressure()
      this.#run()
    }
    this.#timer = set === setImmediate ? setImmediate(next) : setTimeout(next, ms)
  }
}
