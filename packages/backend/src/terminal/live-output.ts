import { encode } from '@pilot/protocol/envelope'
import { encodeFrame, FRAME_HEADER_BYTES, FRAME_KIND, FRAME_MAX_PAYLOAD } from '@pilot/protocol/frame'
import type { Clock } from '@pilot/protocol/link/clock'
import { type SizeAt, WINDOW_MAX } from '@pilot/protocol/terminal/model'
import { AckWindow } from './ack-window.ts'
import type { Lane } from './link-sender.ts'
import { OutputQueue } from './output-queue.ts'
import type { TerminalSource } from './source.ts'

/** What came but was not sent is at most this much per terminal. */
const BUFFER_BYTES = 262_144
/** A source is given credit in steps, so that it is not told of every byte. */
const CREDIT_STEP = 131_072
/** So many steps to the largest window, for its credit and for where the program is held; to others more. */
const STEPS = 4
const BULK_BYTES = 32_768
const SMALL_BYTES = 4_096
const COALESCE_MS = 8
/** Output within this time after an input is sent at once. */
const ECHO_MS = 100
/**
 * What answers to an input has room for one piece beyond a full window, at most so much, this long after the input: what
 * was there goes first.
 */
const ANSWER_BYTES = 4_096
const ANSWER_MS = 5
/** A full window that is paced is looked at so often. */
const FILL_MS = 20
const TICK_MS = 1_000
const RENEW_HOLD_MS = 4_000
const STALLED_MS = 5_000
const SKIP_MS = 500

export interface LinkOut {
  readonly clock: Clock
  /** Largest payload of a frame. */
  maxFrame(): number
  text(text: string): void
  /** Copies what it is given. */
  frame(bytes: Uint8Array<ArrayBuffer>): void
  wake(lane: Lane): void
}

/** Counted for tests and health, over all terminals of a link. */
export interface OutputStats {
  frames: number
  bytes: number
  jumps: number
}

/**
 * The live output of one terminal on one link, sent once for all of its viewers.
 *
 *   held at its start until a first transfer has ended there ▶ follows the source
 *   sent ≤ acknowledged + window; the source may send a buffer ahead of that, and the program is held there
 *   the ring has outrun it: jumps to the end, an empty frame lets the hub see the gap
 */
export class LiveOutput implements Lane {
  readonly channel: number
  readonly #source: TerminalSource
  readonly #out: LinkOut
  readonly #stats: OutputStats
  readonly #queue = new OutputQueue()
  readonly #window = new AckWindow()
  readonly #buffer = new Uint8Array(FRAME_HEADER_BYTES + FRAME_MAX_PAYLOAD)
  readonly #endsWaitedFor = new Set<{ offset: number; done: () => void }>()
  #sizes: SizeAt[] = []
  #cursor: number
  #received: number
  #acked: number
  #credited: number
  #following = false
  #interactive = true
  #aliveAt: number
  #inputAt = Number.NEGATIVE_INFINITY
  #sentAt = Number.NEGATIVE_INFINITY
  #held: number | null = null
  #heldAt = 0
  #stalled = false
  #fullSince: number | null = null
  #cancelTick: (() => void) | null = null
  /** Sent up to there at least, for the answer to the last input. */
  #answerLimit = 0
  #cancelAnswer: (() => void) | null = null
  #cancelFill: (() => void) | null = null

  constructor(options: { channel: number; source: TerminalSource; start: number; out: LinkOut; stats: OutputStats }) {
    this.channel = options.channel
    this.#source = options.source
    this.#out = options.out
    this.#stats = options.stats
    this.#cursor = options.start
    this.#received = options.start
    this.#acked = options.start
    this.#credited = options.start
    this.#aliveAt = options.out.clock.now()
    this.#hold()
    this.#tickWhileNeeded()
  }

  /** Everything before it was sent on this link, or skipped. */
  get cursor(): number {
    return this.#cursor
  }

  /** Bytes that wait here. */
  get buffered(): number {
    return this.#queue.bytes
  }

  /** A viewer parsed everything before `offset`, or nobody keeps up. */
  onAck(offset: number, interactive: boolean): void {
    this.#interactive = interactive
    const acked = Math.min(offset, this.#cursor)
    if (acked > this.#acked) {
      // The source gives nothing beyond the window, so a full one shows in what came, not in what waits.
      const isFull = this.#isFull()
      this.#acked = acked
      this.#window.onAck(acked, isFull, this.#out.clock.now())
      this.alive()
    } else this.#hold()
  }

  /** Somebody watches and keeps up, if only with a transfer. */
  alive(): void {
    this.#aliveAt = this.#out.clock.now()
    this.#stalled = false
    if (this.#following) this.#catchUp()
    this.#hold()
    this.#fillWithTime()
    this.#out.wake(this)
  }

  onInput(): void {
    this.#inputAt = this.#out.clock.now()
    this.#cancelAnswer ??= this.#out.clock.after(ANSWER_MS, () => {
      this.#cancelAnswer = null
      if (!this.#following || !this.#isFull()) return
      this.#answerLimit = this.#window.limit(this.#acked) + Math.min(ANSWER_BYTES, this.#window.piece)
      this.#hold(true)
      this.#out.wake(this)
    })
  }

  onOutput(offset: number, bytes: Uint8Array): void {
    if (!this.#following) return
    if (bytes.length === 0) {
      // Viewers that parsed everything say nothing more, so this goes on by itself; others are heard of again.
      if (this.#acked >= this.#cursor) this.#catchUp()
      return
    }
    const overlap = Math.max(0, this.#received - offset)
    if (overlap >= bytes.length) return
    if (offset > this.#received) this.#stats.jumps += 1
    this.#queue.push(offset + overlap, overlap > 0 ? bytes.subarray(overlap) : bytes)
    this.#received = offset + bytes.length
    this.#hold()
    this.#tickWhileNeeded()
    this.#fillWithTime()
    this.#out.wake(this)
  }

  /** In order with the output; told to the viewers in the same order. */
  onSize(size: SizeAt): void {
    this.#sizes.push(size)
    if (this.#following) this.#out.wake(this)
  }

  /**
   * A transfer stands at `offset`: `done` is called when the live output stands there, too, at once or later. Frames are
   * cut there. Returns the function that gives it up.
   */
  waitFor(offset: number, done: () => void): () => void {
    if (offset <= this.#cursor) {
      done()
      return () => undefined
    }
    const end = { offset, done }
    this.#endsWaitedFor.add(end)
    if (!this.#following) this.#follow(this.#cursor)
    this.#tickWhileNeeded()
    this.#out.wake(this)
    return () => this.#endsWaitedFor.delete(end)
  }

  /** A viewer has got everything before `to` by its transfer, and goes on from the cursor. */
  onTransferEnd(to: number): void {
    this.#acked = Math.max(this.#acked, Math.min(to, this.#cursor))
    this.#window.onJump(this.#cursor, this.#out.clock.now())
    if (!this.#following) this.#follow(this.#cursor)
    this.alive()
    // Whoever stopped before the cursor has a gap, which the hub can only see by a frame.
    if (to !== this.#cursor) this.#announce()
  }

  /** Nobody watches any more, or the link is lost: no byte is asked for, the program runs freely. */
  stop(): void {
    this.#cancelTick?.()
    this.#cancelTick = null
    this.#cancelAnswer?.()
    this.#cancelAnswer = null
    this.#cancelFill?.()
    this.#cancelFill = null
    this.#endsWaitedFor.clear()
    this.#queue.clear()
    this.#following = false
    this.#source.unfollow()
    if (this.#held !== null) this.#source.hold(null)
    this.#held = null
  }

  /** Another program takes the place of this one: a frame out of turn makes every viewer attach anew. */
  breakOff(): void {
    this.#emit(this.#cursor + 1, new Uint8Array(0))
  }

  dueAt(now: number): number | null {
    if (!this.#following) return null
    const start = this.#queue.start ?? this.#received
    const size = this.#sizes[0]
    if (size && size.offset <= start && this.#queue.start === null) return now
    const room = this.#limit() - this.#cursor
    if (this.#queue.bytes === 0) return null
    if (room <= 0 && start === this.#cursor) return null
    if (this.#isEcho(now) || Math.min(this.#queue.bytes, room) >= Math.min(BULK_BYTES, this.#window.piece)) return now
    return this.#sentAt + COALESCE_MS
  }

  urgent(now: number): boolean {
    return this.#isEcho(now) || this.#queue.bytes <= SMALL_BYTES
  }

  sendOne(now: number): void {
    const start = this.#queue.start
    if (start !== null && start > this.#cursor) this.#moveTo(start)
    if (this.#sayNextSize()) return
    let max = Math.min(this.#out.maxFrame(), this.#window.piece, this.#limit() - this.#cursor)
    for (const stop of this.#stops()) if (stop > this.#cursor) max = Math.min(max, stop - this.#cursor)
    const piece = this.#queue.take(max)
    if (!piece) return
    this.#emit(piece.offset, piece.bytes)
    this.#sentAt = now
    this.#window.onSent(this.#cursor, now)
    this.#stats.bytes += piece.bytes.length
    this.#reached()
    this.#giveCredit()
  }

  *#stops(): Iterable<number> {
    const size = this.#sizes[0]
    if (size) yield size.offset
    for (const { offset } of this.#endsWaitedFor) yield offset
  }

  #sayNextSize(): boolean {
    const size = this.#sizes[0]
    if (!size || size.offset > this.#cursor) return false
    this.#sizes.shift()
    const { cols, rows } = size
    this.#out.text(encode({ type: 'terminal.size', channel: this.channel, offset: size.offset, cols, rows }))
    return true
  }

  #emit(offset: number, payload: Uint8Array): void {
    const frame = { kind: FRAME_KIND.terminal_output, channel: this.channel, offset, payload }
    this.#out.frame(encodeFrame(frame, this.#buffer))
    this.#cursor = offset + payload.length
    this.#stats.frames += 1
  }

  /** An empty frame at the cursor. */
  #announce(): void {
    this.#emit(this.#cursor, new Uint8Array(0))
  }

  #isEcho(now: number): boolean {
    return now - this.#inputAt <= ECHO_MS
  }

  #limit(): number {
    return Math.max(this.#window.limit(this.#acked), this.#answerLimit)
  }

  /** Bytes by which credit and hold move. */
  get #step(): number {
    const { size, piece } = this.#window
    return size < WINDOW_MAX ? piece : size / STEPS
  }

  #follow(from: number): void {
    this.#following = true
    const { start_offset, end_offset } = this.#source.status
    const outrun = start_offset > from
    const begin = outrun ? end_offset : from
    if (outrun) this.#moveTo(begin)
    this.#received = begin
    this.#credited = begin
    this.#source.follow(begin)
    this.#giveCredit()
  }

  /** The ring has lost what should come next: there is no use in sending what is left of it. */
  #catchUp(): void {
    if (this.#queue.bytes > 0 || this.#source.status.start_offset <= this.#received) return
    this.#stats.jumps += 1
    this.#follow(this.#received)
    this.#announce()
  }

  /** Goes on from `offset`; the viewers will see the gap. */
  #moveTo(offset: number): void {
    this.#cursor = offset
    this.#acked = Math.max(this.#acked, offset)
    this.#window.onJump(offset, this.#out.clock.now())
    this.#reached()
  }

  /** Ends the transfers that stand where the output stands, or that it has passed. */
  #reached(): void {
    for (const end of [...this.#endsWaitedFor]) {
      if (end.offset > this.#cursor) continue
      this.#endsWaitedFor.delete(end)
      end.done()
    }
  }

  #giveCredit(): void {
    if (!this.#following) return
    const upTo = Math.min(this.#limit(), this.#cursor + BUFFER_BYTES)
    const starved = this.#received >= this.#credited
    if (upTo <= this.#credited || (!starved && upTo - this.#credited < Math.min(CREDIT_STEP, this.#step))) return
    this.#credited = upTo
    this.#source.credit(upTo)
  }

  /** Says where the program is held back, when that changed enough (or at all, if `exactly`) or the lease grows old. */
  #hold(exactly = false): void {
    this.#giveCredit()
    const wanted = this.#interactive && !this.#stalled ? this.#limit() : null
    const now = this.#out.clock.now()
    const old = now - this.#heldAt >= RENEW_HOLD_MS
    if (wanted === this.#held && (wanted === null || !old)) return
    const moved = wanted === null || this.#held === null || exactly || Math.abs(wanted - this.#held) >= this.#step
    // A program that waits there would wait for ever for a step that is longer than what it may write.
    const waits = wanted !== null && this.#held !== null && this.#received >= this.#held && wanted > this.#held
    if (!moved && !waits && !old) return
    this.#held = wanted
    this.#heldAt = now
    this.#source.hold(wanted)
  }

  #isFull(): boolean {
    const reached = this.#following ? this.#received : this.#source.status.end_offset
    return reached >= Math.min(this.#limit(), this.#held ?? Number.POSITIVE_INFINITY)
  }

  /** The first acknowledgements are a round trip away: until then a paced window fills with time alone. */
  #fillWithTime(): void {
    if (this.#cancelFill || !this.#window.isPaced(this.#acked) || !this.#isFull()) return
    this.#cancelFill = this.#out.clock.after(FILL_MS, () => {
      this.#cancelFill = null
      this.#window.onTime(this.#out.clock.now())
      this.#hold()
      this.#fillWithTime()
      this.#out.wake(this)
    })
  }

  #tickWhileNeeded(): void {
    const needed = !this.#following || this.#received > this.#acked || this.#endsWaitedFor.size > 0
    if (!needed || this.#cancelTick) return
    this.#cancelTick = this.#out.clock.after(TICK_MS, () => {
      this.#cancelTick = null
      this.#tick()
    })
  }

  #tick(): void {
    const now = this.#out.clock.now()
    this.#fullSince = this.#isFull() ? (this.#fullSince ?? now) : null
    const stuckMs = this.#fullSince === null ? 0 : now - Math.max(this.#aliveAt, this.#fullSince)
    if (stuckMs >= STALLED_MS) this.#stalled = true
    this.#hold()
    if (this.#endsWaitedFor.size > 0) this.#catchUp()
    // A transfer is ahead of viewers who do not move: they are not waited for.
    const [end] = this.#endsWaitedFor
    if (end && stuckMs >= SKIP_MS) {
      const ahead = end.offset
      this.#queue.drop(ahead)
      this.#stats.jumps += 1
      if (this.#queue.start === null && this.#received < ahead) this.#follow(ahead)
      this.#moveTo(ahead)
      this.#announce()
      this.#out.wake(this)
    }
    this.#tickWhileNeeded()
  }
}
