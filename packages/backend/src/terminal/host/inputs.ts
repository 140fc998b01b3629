import { INPUT_CHUNK, INPUT_TOTAL_MAX, WRITER_ID_MAX, WRITER_QUEUE_MAX, WRITERS_MAX } from './limits.ts'

interface Chunk {
  /** Null for what the terminal itself says. */
  writer: string | null
  bytes: Uint8Array
  /** The writer's count after these bytes, and what of it is left out. */
  end: number
  leftOut: number
}

interface WriterState {
  /** Up to where the program's side took its bytes, and up to where they are queued. */
  accepted: number
  queued: number
}

export interface InputsOptions {
  /** Gives bytes to the kernel; `taken` is called once it took all of them. One call is under way at most. */
  write: (bytes: Uint8Array) => void
  onAccepted: (writer: string, upTo: number) => void
  /** Parts of new input that count as taken and are not given to the program, in order. */
  leaveOut?: (bytes: Uint8Array, writer: string) => { from: number; to: number }[]
}

const NOTHING = new Uint8Array(0)
/** What the terminal itself has said and the program has not read, in bytes. */
const SAID_MAX = 4 * 1024

/**
 * Input of every writer, each with its own count and its own room. Accepted means that the kernel took the bytes, or that
 * they can no longer be kept from it: a program that does not read makes its writers wait and never makes this process
 * grow, because what does not fit a writer's room is refused and sent again from the accepted count.
 */
export class Inputs {
  /** In the order of their last input. */
  readonly #writers = new Map<string, WriterState>()
  #queue: Chunk[] = []
  /** Bytes of all writers that wait. */
  #waiting = 0
  /** Bytes that wait and came from no writer. */
  #said = 0
  #writing: Chunk | null = null

  constructor(private readonly options: InputsOptions) {}

  accepted(writer: string): number {
    return this.#writers.get(writer)?.accepted ?? 0
  }

  /** Every writer's accepted count, the most recent last. */
  all(): Record<string, number> {
    return Object.fromEntries([...this.#writers].map(([writer, { accepted }]) => [writer, accepted]))
  }

  /**
   * Takes bytes of one writer. What was taken before is trimmed; behind a hole, and past the end of the writer's room,
   * they are dropped: the writer's count does not move, so it sends them again. True when something new was taken.
   */
  push(writer: string, offset: number, bytes: Uint8Array): boolean {
    const state = this.#writer(writer)
    if (!state) return false
    const skip = state.queued - offset
    if (skip < 0 || skip >= bytes.length) return false
    const room = Math.min(WRITER_QUEUE_MAX - (state.queued - state.accepted), INPUT_TOTAL_MAX - this.#waiting)
    if (room <= 0) return false
    const fresh = bytes.slice(skip, skip + room)
    const begin = state.queued
    const take = (from: number, to: number) => {
      for (let at = from; at < to; at += INPUT_CHUNK) {
        const part = fresh.subarray(at, Math.min(to, at + INPUT_CHUNK))
        this.#queue.push({ writer, bytes: part, end: begin + at + part.length, leftOut: 0 })
      }
    }
    let at = 0
    for (const { from, to } of this.options.leaveOut?.(fresh, writer) ?? []) {
      take(at, from)
      this.#queue.push({ writer, bytes: NOTHING, end: begin + to, leftOut: to - from })
      at = to
    }
    take(at, fresh.length)
    state.queued += fresh.length
    this.#waiting += fresh.length
    this.#next()
    return true
  }

  /**
   * Drops what waits of one writer. What is being written cannot be called back and counts as accepted. Returns the
   * count, which is exact: nothing of this writer past it reaches the program unless it is sent again.
   */
  withdraw(writer: string): number {
    const state = this.#writers.get(writer)
    if (!state) return 0
    const under = this.#writing?.writer === writer ? this.#writing.end : state.accepted
    this.#queue = this.#queue.filter((chunk) => chunk.writer !== writer)
    this.#waiting -= state.queued - under
    state.queued = under
    this.#accept(writer, state, under)
    return under
  }

  /** Something that the terminal itself says to its program. Dropped when the program reads nothing. */
  say(bytes: Uint8Array): void {
    if (this.#said + bytes.length > SAID_MAX) return
    this.#said += bytes.length
    this.#queue.push({ writer: null, bytes, end: 0, leftOut: 0 })
    this.#waiting += bytes.length
    this.#next()
  }

  /** The kernel took what was given last. */
  taken(): void {
    const done = this.#writing
    if (!done) return
    this.#writing = null
    this.#done(done)
    this.#next()
  }

  #done({ writer, bytes, end, leftOut }: Chunk): void {
    this.#waiting -= bytes.length + leftOut
    if (writer === null) this.#said -= bytes.length
    const state = writer === null ? undefined : this.#writers.get(writer)
    if (writer !== null && state) this.#accept(writer, state, end)
  }

  /** Bytes that wait for the program. */
  get waiting(): number {
    return this.#waiting
  }

  #accept(writer: string, state: WriterState, upTo: number): void {
    if (upTo <= state.accepted) return
    state.accepted = upTo
    this.options.onAccepted(writer, upTo)
  }

  #next(): void {
    if (this.#writing) return
    let chunk = this.#queue.shift()
    for (; chunk?.bytes.length === 0; chunk = this.#queue.shift()) this.#done(chunk)
    if (!chunk) return
    this.#writing = chunk
    this.options.write(chunk.bytes)
  }

  /** What is known of a writer, which is the most recent now. Null for a name that is none, and when there are too many. */
  #writer(writer: string): WriterState | null {
    if (writer === '' || writer.length > WRITER_ID_MAX) return null
    const state = this.#writers.get(writer) ?? { accepted: 0, queued: 0 }
    if (!this.#writers.delete(writer) && this.#writers.size >= WRITERS_MAX && !this.#forgetOldest()) return null
    this.#writers.set(writer, state)
    return state
  }

  /** One whose bytes still wait is known until they are written. */
  #forgetOldest(): boolean {
    for (const [writer, { accepted, queued }] of this.#writers) {
      if (accepted !== queued || this.#writing?.writer === writer) continue
      return this.#writers.delete(writer)
    }
    return false
  }
}
