import { WINDOW_MAX, WINDOW_MIN } from '@pilot/protocol/terminal/model'

/** Before anything was measured: too much takes long to go away on a slow way. Next door no way is slow. */
const FIRST = 8_192
const FIRST_NEAR = 131_072
const NEAR_MS = 30
/** Until then a full window grows by so much of what is acknowledged. */
const FIRST_SHARE = 0.5
/** From there on a way is long, in ms. */
const FAR_MS = 50
/**
 * The window holds what the viewers parse in this time, beside what one round trip takes. Longer, and what is typed
 * waits behind it; shorter than it takes to send a piece and to acknowledge it, and the rate falls.
 */
const QUEUE_MS = 90
/** Acknowledgements are collected for up to this long on their way: only what takes longer waits behind something. */
const WAITS_MS = 110
/** Acknowledgements come in lumps: over less than this, and less than a window, their rate says nothing. */
const SAMPLE_MIN_MS = 100
const PAUSE_MS = 50
/** The window follows the best of so many rates: one that was measured while the program paused says little. */
const RATES = 4
/** A way that is full shows its rate. */
const FULL_RATES = 2
/**
 * While nothing waits on the way the window grows: by more each time as long as the rate grows with it, again by little
 * once it does not. A window that doubled on a way that was full already would take a round trip to go away.
 */
const FIRST_GROWTH = 2
const LATER_GROWTH = 1.05
/** Of the growth, for the rate to have grown with it: rates are measured over lumps. */
const ROSE = 0.3
const SHRINK = 0.5
/** Longer than any way is: the rest is what waits on it, which the window must not grow by. */
const ROUND_TRIP_MAX_MS = 1_000
/** A round trip that was measured longer ago is measured again, by letting what waits on the way run out. */
const ROUND_TRIP_AGE_MS = 10_000
const DRAINED = 0.85
/** So many frames to a window, so that the time of one is short beside that of all. */
const PIECES = 16
const PIECE_MIN = 512
/** Of so many frames under way the times are known, of more the oldest. */
const FLIGHTS_MAX = 64

/**
 * How many bytes may be on their way to the viewers of one terminal. It follows the measured rate of acknowledgements,
 * and only while the window was the limit: a quiet program says nothing about how fast its viewers are.
 *
 *   window changed ▶ what was sent before is acknowledged ▶ rate and round trips over one more window ▶ window changes
 *   the window was not full for a moment ▶ measured anew; on a long way it fills over a round trip, not at once
 */
export class AckWindow {
  #size: number | null = null
  #first = FIRST
  #acked = 0
  #ackedAt = 0
  /** Bytes per millisecond, the last ones measured. */
  #rates: number[] = []
  #growth = FIRST_GROWTH
  #sent = 0
  /** What is sent from there on shows what the present window does; a sample begins once it is acknowledged. */
  #sampleFrom: { offset: number; at: number } | null = null
  #sample: { at: number; acked: number } | null = null
  /** Since then the window was not full. */
  #roomSince = Number.NEGATIVE_INFINITY
  /** What is under way, oldest first: each ends at an offset. */
  #flights: Flight[] = []
  /** The shortest of late, in ms, and when it was measured. */
  #roundTrip: { ms: number; at: number } | null = null
  #draining = false
  /** Up to there may be sent at the time; on a short way as much as fits. */
  #paced: { to: number; at: number } | null = null
  /** Round trips of the sample, with what waits on the way, in ms. */
  #trips = { sum: 0, count: 0 }

  /** Bytes, from WINDOW_MIN to WINDOW_MAX. */
  get size(): number {
    const whole = this.#whole
    return this.#draining ? Math.min(whole, bounded(this.#rate * this.#roundTripMs * DRAINED)) : whole
  }

  /** Bytes of the largest frame: the whole window where it is as large as can be. */
  get piece(): number {
    const { size } = this
    return size >= WINDOW_MAX ? size : Math.max(PIECE_MIN, Math.floor(size / PIECES))
  }

  /** Up to where may be sent when everything before `acked` is acknowledged. */
  limit(acked: number): number {
    return Math.min(acked + this.size, Math.floor(this.#paced?.to ?? Number.POSITIVE_INFINITY))
  }

  /** The limit is less than the window and grows with time alone: `onTime` is to be called while bytes wait. */
  isPaced(acked: number): boolean {
    return this.#paced !== null && this.#paced.to < acked + this.size
  }

  /** Not while it is let run out. */
  get #whole(): number {
    if (this.#size !== null) return this.#size
    const isNear = this.#roundTrip !== null && this.#roundTrip.ms < NEAR_MS
    return bounded(isNear ? Math.max(FIRST_NEAR, this.#first) : this.#first)
  }

  get #roundTripMs(): number {
    return this.#roundTrip?.ms ?? 0
  }

  get #rate(): number {
    return Math.max(0, ...this.#rates)
  }

  /** Everything before `end` was sent. */
  onSent(end: number, now: number): void {
    this.onTime(now)
    const paused = this.#acked >= this.#sent && now - this.#ackedAt > PAUSE_MS
    this.#sent = end
    const last = this.#flights.at(-1)
    if (last && this.#flights.length >= FLIGHTS_MAX) last.end = end
    else this.#flights.push({ at: now, end, drained: this.#draining })
    // What comes after a pause is measured anew.
    if (this.#sampleFrom === null || paused) this.#measureAnew(now)
  }

  /** Some output was left out, up to `to`: nothing that is under way is measured by it. */
  onJump(to: number, now: number): void {
    this.#sent = Math.max(this.#sent, to)
    this.#acked = Math.max(this.#acked, to)
    this.#flights = []
    this.#paced = null
    this.#measureAnew(now)
    this.onTime(now)
  }

  /** `acked` grew; `isFull` says whether the window was the limit until now. */
  onAck(acked: number, isFull: boolean, now: number): void {
    if (isFull) this.#roomSince = now
    if (isFull && this.#acked > 0) this.#first += (acked - this.#acked) * FIRST_SHARE
    this.#acked = acked
    this.#ackedAt = now
    this.#land(acked, now)
    this.onTime(now)
    // Over a time in which the program paused the rate says little.
    if (this.#hasRoom(now)) this.#measureAnew(now)
    const sample = this.#sample
    if (sample === null) {
      const from = this.#sampleFrom
      if (!isFull || this.#draining || from === null) return
      const since = now - from.at
      // It takes a round trip to fill, too.
      if (since < this.#roundTripMs || (acked < from.offset && since < ROUND_TRIP_MAX_MS)) return
      this.#sample = { at: now, acked }
      this.#trips = { sum: 0, count: 0 }
      return
    }
    const took = now - sample.at
    const isRound = acked - sample.acked >= this.size || took >= 2 * this.#roundTripMs
    if (took < SAMPLE_MIN_MS || !isRound) return
    // A window that was made small for a moment says nothing about the rate.
    if (!this.#draining) this.#follow((acked - sample.acked) / took)
    this.#measureAnew(now)
  }

  /**
   * More may be sent than a moment ago. A full window at once would wait behind itself where the way is long, the last
   * of it for a round trip; so it is filled over that time. Where no rate is known that would only make answers late.
   */
  onTime(now: number): void {
    if (this.#rates.length === 0 || this.#roundTripMs < FAR_MS) {
      this.#paced = null
      return
    }
    const { to, at } = this.#paced ?? { to: this.#sent, at: now - this.#roundTripMs }
    const filled = to + (this.#whole * (now - at)) / this.#roundTripMs
    const burst = Math.max(PIECE_MIN, this.#rate * QUEUE_MS)
    this.#paced = { to: Math.max(to, Math.min(filled, this.#sent + burst)), at: now }
  }

  #measureAnew(now: number): void {
    this.#sample = null
    this.#sampleFrom = { offset: this.#sent, at: now }
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
    if (this.#roundTrip === null || ms <= this.#roundTrip.ms || drained || (old && this.#hasRoom(now))) {
      this.#roundTrip = { ms, at: now }
      if (this.#draining) this.#measureAnew(now)
      this.#draining = false
    } else if (old && this.#size !== null) this.#draining = true
  }

  /** Too little is sent for anything to wait. */
  #hasRoom(now: number): boolean {
    return now - this.#roomSince > PAUSE_MS
  }

  #follow(rate: number): void {
    const rose = rate > this.#rate * (1 + (this.#growth - 1) * ROSE)
    const { sum, count } = this.#trips
    const waitedMs = count > 0 ? sum / count - this.#roundTripMs : Number.POSITIVE_INFINITY
    const grows = waitedMs < WAITS_MS
    this.#rates = [...this.#rates.slice(1 - (grows ? RATES : FULL_RATES)), rate]
    const followed = this.#rate * (QUEUE_MS + this.#roundTripMs)
    // What was read for a larger window has to be sent, so a wrong small one would last; the first bytes are not paced,
    // and wait behind themselves.
    const least = grows || this.#size === null ? 1 : SHRINK
    this.#size = bounded(Math.max(this.size * least, followed * (grows ? this.#growth : 1)))
    this.#growth = grows && rose ? Math.min(FIRST_GROWTH, 1 + (this.#growth - 1) * 2) : LATER_GROWTH
  }
}

interface Flight {
  at: number
  end: number
  drained: boolean
}

const bounded = (bytes: number) => Math.round(Math.min(WINDOW_MAX, Math.max(WINDOW_MIN, bytes)))
