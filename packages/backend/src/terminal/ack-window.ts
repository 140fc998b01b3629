import { WINDOW_MAX, WINDOW_MIN } from '@pilot/protocol/terminal/model'

const FIRST_WINDOW = 131_072
/** The window holds what the viewers parse in this time, beside what one round trip takes. */
const QUEUE_MS = 250
const SAMPLE_MS = 50

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

  /** Bytes, from WINDOW_MIN to WINDOW_MAX. */
  get size(): number {
    return this.#size
  }

  /** Everything before `end` was sent; before it, everything but what `acked` says. */
  onSent(end: number, acked: number, now: number): void {
    this.#probe ??= { at: now, offset: end }
    this.#sample ??= { at: now, acked }
  }

  /** Bytes wait because the window is full. */
  onLimited(): void {
    this.#limited = true
  }

  /** `acked` grew; `outstanding` says whether anything is still unacknowledged. */
  onAck(acked: number, outstanding: boolean, now: number): void {
    if (this.#probe && acked >= this.#probe.offset) {
      const took = now - this.#probe.at
      this.#roundTripMs = this.#roundTripMs === 0 ? took : Math.min(this.#roundTripMs, took)
      this.#probe = null
    }
    const sample = this.#sample
    if (!sample) return
    const took = now - sample.at
    if (took >= SAMPLE_MS) {
      if (this.#limited) this.#follow((acked - sample.acked) / took)
      this.#limited = false
      this.#sample = { at: now, acked }
    }
    if (!outstanding) this.#sample = null
  }

  /** `rate` in bytes per millisecond. */
  #follow(rate: number): void {
    const wanted = rate * (QUEUE_MS + this.#roundTripMs)
    const next = (this.#size + wanted) / 2
    this.#size = Math.round(Math.min(WINDOW_MAX, Math.max(WINDOW_MIN, next)))
  }
}
