import { WINDOW_MAX, WINDOW_MIN } from '@pilot/protocol/terminal/model'

const FIRST_WINDOW = 65_536
/** The window holds what the viewers parse in this time, beside what one round trip takes. */
const QUEUE_MS = 250
/** Acknowledgements come in lumps: over a shorter time their rate says nothing. In round trips, and its bounds. */
const SAMPLE_ROUND_TRIPS = 4
const SAMPLE_MIN_MS = 100
const SAMPLE_MAX_MS = 1_000
const PAUSE_MS = 50
/** Longer than any way is: the rest is what waits on it, which the window must not grow by. */
const ROUND_TRIP_MAX_MS = 1_000

/**
 * How many bytes may be on their way to the viewers of one terminal. It follows the measured rate of acknowledgements,
 * and only while the window was the limit: a quiet program says nothing about how fast its viewers are.
 */
export class AckWindow {
  #size = FIRST_WINDOW
  #limited = false
  #sample: { at: number; acked: number } | null = null
  #probe: { at: number; offset: number } | null = null
  #roundTripMs = 0
  /** Since when everything is acknowledged; null while something is not. */
  #idleSince: number | null = null

  /** Bytes, from WINDOW_MIN to WINDOW_MAX. */
  get size(): number {
    return this.#size
  }

  /** Everything before `end` was sent; before it, everything but what `acked` says. */
  onSent(end: number, acked: number, now: number): void {
    this.#probe ??= { at: now, offset: end }
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
    if (this.#probe && acked >= this.#probe.offset) {
      const took = Math.min(ROUND_TRIP_MAX_MS, now - this.#probe.at)
      this.#roundTripMs = this.#roundTripMs === 0 ? took : Math.min(this.#roundTripMs, took)
      this.#probe = null
    }
    const sample = this.#sample
    if (!sample) return
    const took = now - sample.at
    if (took >= Math.min(SAMPLE_MAX_MS, Math.max(SAMPLE_MIN_MS, SAMPLE_ROUND_TRIPS * this.#roundTripMs))) {
      if (this.#limited) this.#follow((acked - sample.acked) / took)
      this.#limited = false
      this.#sample = { at: now, acked }
    }
    this.#idleSince = outstanding ? null : now
  }

  /** `rate` in bytes per millisecond. */
  #follow(rate: number): void {
    const wanted = rate * (QUEUE_MS + this.#roundTripMs)
    const next = (this.#size + wanted) / 2
    this.#size = Math.round(Math.min(WINDOW_MAX, Math.max(WINDOW_MIN, next)))
  }
}
