import { WINDOW_MAX, WINDOW_MIN } from '@pilot/protocol/terminal/model'

/** Before anything was measured: over a short way, and over a long one, where too much takes long to go away. */
const FIRST_NEAR = 131_072
const FIRST_FAR = 16_384
const FAR_MS = 50
/**
 * The window holds what the viewers parse in this time, beside what one round trip takes. Longer, and what is typed
 * waits behind it; shorter than it takes to send a piece and to acknowledge it, and the rate falls.
 */
const QUEUE_MS = 150
/** Acknowledgements come in lumps: over a shorter time their rate says nothing. In round trips, and at least. */
const SAMPLE_ROUND_TRIPS = 2
const SAMPLE_MIN_MS = 100
const PAUSE_MS = 50
/** At first, and now and then, the window grows by this factor for as long as that is worth while. */
const FIRST_GROWTH = 2
const LATER_GROWTH = 1.25
/** Longer than any way is: the rest is what waits on it, which the window must not grow by. */
const ROUND_TRIP_MAX_MS = 1_000
/** A round trip that was measured longer ago is measured again, by letting what waits on the way run out. */
const ROUND_TRIP_AGE_MS = 10_000
const DRAINED = 0.75
/** So many frames to a window, so that the time of one is short beside that of all. */
const PIECES = 16
const PIECE_MIN = 512

/**
 * How many bytes may be on their way to the viewers of one terminal. It follows the measured rate of acknowledgements,
 * and only while the window was the limit: a quiet program says nothing about how fast its viewers are.
 */
export class AckWindow {
  #size: number | null = null
  /** Bytes per millisecond, as measured last, and how the window grows while more of it means a higher rate. */
  #rate = 0
  #growth: number | null = FIRST_GROWTH
  #limited = false
  #sample: { at: number; acked: number } | null = null
  #probe: { at: number; offset: number; drained: boolean } | null = null
  /** The shortest of late, in ms, and when it was measured. */
  #roundTrip: { ms: number; at: number } | null = null
  #draining = false
  /** The round trip of late, with what waits on the way, in ms. */
  #lastTripMs = 0
  /** Since when everything is acknowledged; null while something is not. */
  #idleSince: number | null = null

  /** Bytes, from WINDOW_MIN to WINDOW_MAX. */
  get size(): number {
    if (this.#size === null) return this.#roundTripMs < FAR_MS ? FIRST_NEAR : FIRST_FAR
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

  /** Everything before `end` was sent; before it, everything but what `acked` says. */
  onSent(end: number, acked: number, now: number): void {
    this.#probe ??= { at: now, offset: end, drained: this.#draining }
    // What comes after a pause is measured anew.
    if (this.#sample === null || (this.#idleSince !== null && now - this.#idleSince > PAUSE_MS)) {
      this.#sample = { at: now, acked }
      this.#limited = false
    }
    this.#idleSince = null
  }

  /** Bytes wait because the window is full. */
  onLimited(): void {
    this.#limited = true
  }

  /** `acked` grew; `outstanding` says whether anything is still unacknowledged. */
  onAck(acked: number, outstanding: boolean, now: number): void {
    if (this.#probe && acked >= this.#probe.offset) this.#onRoundTrip(this.#probe, now)
    const sample = this.#sample
    if (!sample) return
    const took = now - sample.at
    if (took >= Math.max(SAMPLE_MIN_MS, SAMPLE_ROUND_TRIPS * this.#roundTripMs)) {
      // A window that was made small for a moment says nothing about the rate.
      if (this.#limited && !this.#draining) this.#follow((acked - sample.acked) / took)
      this.#limited = false
      this.#sample = { at: now, acked }
    }
    this.#idleSince = outstanding ? null : now
  }

  #onRoundTrip(probe: { at: number; drained: boolean }, now: number): void {
    this.#probe = null
    const ms = Math.min(ROUND_TRIP_MAX_MS, now - probe.at)
    this.#lastTripMs = ms
    const old = this.#roundTrip !== null && now - this.#roundTrip.at > ROUND_TRIP_AGE_MS
    if (this.#roundTrip === null || ms <= this.#roundTrip.ms || probe.drained || (old && !this.#limited)) {
      this.#roundTrip = { ms, at: now }
      if (this.#draining) {
        this.#sample = null
        this.#growth = LATER_GROWTH
      }
      this.#draining = false
    } else if (old) this.#draining = true
  }

  #follow(rate: number): void {
    const [before, size] = [this.#rate, this.size]
    const followed = (size + rate * (QUEUE_MS + this.#roundTripMs)) / 2
    const waits = this.#lastTripMs > this.#roundTripMs + QUEUE_MS
    // A way that is longer than what waits on it would be filled slowly by following alone.
    const grown = this.#growth !== null && !waits && rate > before * 1.1 ? size * this.#growth : 0
    if (grown === 0) this.#growth = null
    this.#rate = rate
    this.#size = bounded(Math.max(followed, grown))
  }
}

const bounded = (bytes: number) => Math.round(Math.min(WINDOW_MAX, Math.max(WINDOW_MIN, bytes)))
