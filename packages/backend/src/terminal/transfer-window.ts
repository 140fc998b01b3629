import { WINDOW_MAX, WINDOW_MIN } from '@pilot/protocol/terminal/model'

/** Before anything was measured; the viewer next door gets more with its first acknowledgement. */
const FIRST = 16_384
const FIRST_NEAR = 131_072
const NEAR_MS = 30
/** The window holds what gets there in this time, beside what one round trip takes. */
const QUEUE_MS = 150
/** The first acknowledgements follow each other as fast as the way lets the bytes through, but may come in a lump. */
const FIRST_GROWTH = 4
const GROWTH = 2
const LATER_GROWTH = 1.25
/** A larger window that is tried, how much of it the rate has to gain, and after how many rounds it is tried again. */
const TRIED = 1.5
const GAINED = 1.2
const ROUNDS = 4
/** Frames are short beside the window, because only a whole one arrives. */
const PIECES = 16
const PIECE_MIN = 512

/**
 * How many bytes of a transfer may be on their way to its one viewer. All of the link's other frames wait behind them,
 * so on a slow way they are few. A viewer that is busy drawing acknowledges late, too, but gets more when more is sent:
 * where much seems to wait a larger window is tried, and kept when it brings more.
 *
 *   round: what was under way at an acknowledgement is acknowledged ▶ rate ▶ window of rate × (round trip + queue)
 */
export class TransferWindow {
  #size = FIRST
  #acked = 0
  #sent = 0
  /** What is under way, oldest first. */
  #flights: { at: number; end: number }[] = []
  /** The shortest, in ms: a transfer does not outlive its connection, so the way stays as long as it is. */
  #roundTrip: number | null = null
  #round: { at: number; acked: number; end: number } | null = null
  /** Window and bytes per millisecond of the last round. */
  #last = { size: 0, rate: 0 }
  #rounds = 0

  /** Bytes, from WINDOW_MIN to WINDOW_MAX. */
  get size(): number {
    return this.#size
  }

  /** Bytes of the largest frame. */
  get piece(): number {
    return Math.max(PIECE_MIN, Math.floor(this.#size / PIECES))
  }

  /** Bytes that may be sent now. */
  get room(): number {
    return this.#acked + this.#size - this.#sent
  }

  /** Everything before `end` was sent. */
  onSent(end: number, now: number): void {
    this.#sent = end
    this.#flights.push({ at: now, end })
  }

  /** The viewer parsed everything before `acked`. */
  onAck(acked: number, now: number): void {
    const isFull = this.room <= 0
    this.#acked = acked
    const landed = this.#flights.findLast(({ end }) => end <= acked)
    this.#flights = this.#flights.filter(({ end }) => end > acked)
    if (landed) this.#roundTrip = Math.min(this.#roundTrip ?? Number.POSITIVE_INFINITY, now - landed.at)
    if (this.#last.rate === 0 && this.#roundTrip !== null && this.#roundTrip < NEAR_MS) {
      this.#size = Math.max(this.#size, FIRST_NEAR)
    }
    const round = this.#round
    if (round && isFull) {
      if (acked < round.end) return
      this.#follow((acked - round.acked) / Math.max(1, now - round.at))
    }
    // What comes slowly because little was sent says nothing. The first bytes were sent at once, and come one after the other.
    const end = round || acked === this.#sent ? acked + this.#size : this.#sent
    this.#round = { at: now, acked, end }
  }

  #follow(rate: number): void {
    this.#rounds += 1
    const next = Math.round(this.#next(rate, this.#last))
    this.#last = { size: this.#size, rate }
    this.#size = Math.min(WINDOW_MAX, Math.max(WINDOW_MIN, next))
  }

  /** The window after a round of this rate. */
  #next(rate: number, last: { size: number; rate: number }): number {
    const size = this.#size
    const fits = rate * ((this.#roundTrip ?? 0) + QUEUE_MS)
    const gained = rate > last.rate * GAINED
    if (last.rate === 0) return Math.max(size, Math.min(fits, size * FIRST_GROWTH))
    // Nothing waited, the viewer was only late: back, and on to a larger one with the next round.
    if (size < last.size && rate * GAINED < last.rate) {
      this.#rounds = ROUNDS
      return last.size
    }
    if (fits >= size) return size * (gained ? GROWTH : LATER_GROWTH)
    if (size > last.size && gained) return size * GROWTH
    if (size <= last.size && this.#rounds > ROUNDS) {
      this.#rounds = 0
      return size * TRIED
    }
    return Math.max(fits, size / GROWTH)
  }
}
