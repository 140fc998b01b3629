import { WINDOW_MAX, WINDOW_MIN } from '@pilot/protocol/terminal/model'

/** Before anything was measured, and after the round trip was: too much takes long to go away where the way is long. */
const FIRST = 8_192
const FIRST_NEAR = 131_072
const FIRST_FAR = 16_384
const FAR_MS = 50
/**
 * The window holds what the viewers parse in this time, beside what one round trip takes. Longer, and what is typed
 * waits behind it; shorter than it takes to send a piece and to acknowledge it, and the rate falls.
 */
const QUEUE_MS = 60
/** Acknowledgements come in lumps: over a shorter time than one round trip and this their rate says nothing. */
const SAMPLE_MIN_MS = 100
const PAUSE_MS = 50
/** The window follows the best of so many rates: one that was measured while the program paused says little. */
const RATES = 4
/** While nothing waits on the way the window grows, by more each time; again by little once something did. */
const FIRST_GROWTH = 2
const LATER_GROWTH = 1.05
const SHRINK = 0.5
/** Longer than any way is: the rest is what waits on it, which the window must not grow by. */
const ROUND_TRIP_MAX_MS = 1_000
/** A round trip that was measured longer ago is measured again, by letting what waits on the way run out. */
const ROUND_TRIP_AGE_MS = 10_000
const DRAINED = 0.75
/** So many frames to a window, so that the time of one is short beside that of all. */
const PIECES = 16
const PIECE_MIN = 512
/** Of so many frames under way the times are known, of more the oldest. */
const FLIGHTS_MAX = 64

/**
 * How many bytes may be on their way to the viewers of one terminal. It follows the measured rate of acknowledgements,
 * and only while the window was the limit: a quiet program says nothing about how fast its viewers are.
 *
 *   window changed ▶ what was sent since is acknowledged ▶ rate and round trips over one more ▶ window changes
 */
export class AckWindow {
  #size: number | null = null
  /** Bytes per millisecond, the last ones measured. */
  #rates: number[] = []
  #growth = FIRST_GROWTH
  #limited = false
  /** What is sent from there on shows what the present window does; a sample begins once it is acknowledged. */
  #sent = 0
  #sampleFrom: { offset: number; at: number } | null = null
  #sample: { at: number; acked: number } | null = null
  /** What is under way, oldest first: each ends at an offset. */
  #flights: Flight[] = []
  /** The shortest of late, in ms, and when it was measured. */
  #roundTrip: { ms: number; at: number } | null = null
  #draining = false
  /** Round trips of the sample, with what waits on the way, in ms. */
  #trips = { sum: 0, count: 0 }
  /** Since when everything is acknowledged; null while something is not. */
  #idleSince: number | null = null

  /** Bytes, from WINDOW_MIN to WINDOW_MAX. */
  get size(): number {
    if (this.#size === null) {
      if (this.#roundTrip === null) return FIRST
      return this.#roundTrip.ms < FAR_MS ? FIRST_NEAR : FIRST_FAR
    }
    return this.#draining ? bounded(Math.min(this.#size, this.#rate * this.#roundTripMs * DRAINED)) : this.#size
  }

  /** Bytes of the largest frame: the whole window where it is as large as can be. */
  get piece(): number {
    const { size } = this
    return size >= WINDOW_MAX ? size : Math.max(PIECE_MIN, Math.floor(size / PIECES))
  }

  get #roundTripMs(): number {
    return this.#roundTrip?.ms ?? 0
  }

  get #rate(): number {
    return Math.max(0, ...this.#rates)
  }

  /** Everything before `end` was sent. */
  onSent(end: number, now: number): void {
    this.#sent = end
    const last = this.#flights.at(-1)
    if (last && this.#flights.length >= FLIGHTS_MAX) last.end = end
    else this.#flights.push({ at: now, end, drained: this.#draining })
    // What comes after a pause is measured anew.
    if (this.#sampleFrom === null || (this.#idleSince !== null && now - this.#idleSince > PAUSE_MS))
      this.#measureAnew(now)
    this.#idleSince = null
  }

  /** Some output was left out: nothing that is under way is measured by it. */
  onJump(now: number): void {
    this.#flights = []
    this.#measureAnew(now)
  }

  /** Bytes wait because the window is full. */
  onLimited(): void {
    this.#limited = true
  }

  /** `acked` grew; `outstanding` says whether anything is still unacknowledged. */
  onAck(acked: number, outstanding: boolean, now: number): void {
    this.#land(acked, now)
    this.#idleSince = outstanding ? null : now
    const sample = this.#sample
    if (sample === null) {
      const from = this.#sampleFrom
      if (!this.#limited || this.#draining || from === null) return
      if (acked < from.offset && now - from.at < ROUND_TRIP_MAX_MS) return
      this.#sample = { at: now, acked }
      this.#limited = false
      this.#trips = { sum: 0, count: 0 }
      return
    }
    const took = now - sample.at
    if (took < Math.max(SAMPLE_MIN_MS, this.#roundTripMs)) return
    // A window that was made small for a moment says nothing about the rate.
    if (this.#limited && !this.#draining) this.#follow((acked - sample.acked) / took)
    this.#measureAnew(now)
  }

  #measureAnew(now: number): void {
    this.#sample = null
    this.#sampleFrom = { offset: this.#sent, at: now }
    this.#limited = false
  }

  #land(acked: number, now: number): void {
    const landed = this.#flights.findLast(({ end }) => end <= acked)
    if (!landed) return
    this.#flights = this.#flights.filter(({ end }) => end > acked)
    this.#trips.sum += now - landed.at
    this.#trips.count += 1
    const ms = Math.min(ROUND_TRIP_MAX_MS, now - landed.at)
    const old = this.#roundTrip !== null && now - this.#roundTrip.at > ROUND_TRIP_AGE_MS
    const drained = landed.drained && this.#draining
    if (this.#roundTrip === null || ms <= this.#roundTrip.ms || drained || (old && !this.#limited)) {
      this.#roundTrip = { ms, at: now }
      if (this.#draining) this.#measureAnew(now)
      this.#draining = false
    } else if (old && this.#size !== null) this.#draining = true
  }

  #follow(rate: number): void {
    this.#rates = [...this.#rates.slice(1 - RATES), rate]
    const followed = this.#rate * (QUEUE_MS + this.#roundTripMs)
    const { sum, count } = this.#trips
    const waitedMs = sum / count - this.#roundTripMs
    const grows = waitedMs < QUEUE_MS
    // What was read for a larger window has to be sent, so a wrong small one would last.
    this.#size = bounded(Math.max(this.size * (grows ? 1 : SHRINK), followed * (grows ? this.#growth : 1)))
    this.#growth = grows ? Math.min(FIRST_GROWTH, 1 + (this.#growth - 1) * 2) : LATER_GROWTH
  }
}

interface Flight {
  at: number
  end: number
  drained: boolean
}

const bounded = (bytes: number) => Math.round(Math.min(WINDOW_MAX, Math.max(WINDOW_MIN, bytes)))
