import { ACK_AFTER_MS, ACK_EARLY_BYTES, ACK_EVERY_BYTES, ACKS_EARLY } from '@pilot/protocol/terminal/model'

/** What decides how much may be under way. */
export interface SimulatedWindow {
  readonly piece: number
  limit(acked: number): number
  isPaced?(acked: number): boolean
  onSent(end: number, now: number): void
  onAck(acked: number, isFull: boolean, now: number): void
  onTime?(now: number): void
}

export interface Way {
  /** Bytes per millisecond that the narrowest place lets through, and round trip in ms without anything waiting. */
  rate: number
  roundTrip: number
  /** The viewer looks at what came only so often, in ms. */
  busy?: number
  /** It looks at irregular times, of which each start gives others: from 0 to 1. `busy` is what lies between two on average. */
  irregular?: number
}

/**
 * Test support: a program that never ends, a way with a narrow place, and a viewer that acknowledges as tabs do: early at
 * the beginning if `early`, then every 128 KiB, or 50 ms after the last time. Tells what the viewer got and how long
 * bytes waited.
 */
export class SimulatedWay<Window extends SimulatedWindow> {
  readonly window: Window
  now = 0
  parsed = 0
  waitedMs: number[] = []
  #sent = 0
  #acked = 0
  #told = 0
  #toldAt = 0
  #free = 0
  #down: { at: number; to: number }[] = []
  #back: { at: number; to: number }[] = []
  #early: number
  #looksAt = 0
  #looks = 0

  constructor(window: Window, early = false) {
    this.window = window
    this.#early = early ? ACKS_EARLY : 0
  }

  /** `writes` says whether the program has something to say at a time; it always has, unless told otherwise. */
  run(way: Way, seconds: number, writes = (_now: number) => true): this {
    this.waitedMs = []
    // A prompt comes first.
    if (this.now === 0 && this.#early === 0) {
      this.window.onSent(0, 0)
      this.window.onAck(0, false, way.roundTrip)
      this.now = 2 * way.roundTrip + 100
    }
    for (const until = this.now + seconds * 1_000; this.now < until; this.now++) this.#step(way, writes(this.now))
    return this
  }

  #step(way: Way, writes: boolean): void {
    const { rate, roundTrip } = way
    const { now, window } = this
    for (let head = this.#back[0]; head && head.at <= now; head = this.#back[0]) {
      this.#back.shift()
      const isFull = this.#sent >= window.limit(this.#acked)
      this.#acked = head.to
      window.onAck(this.#acked, isFull, now)
    }
    if (window.isPaced?.(this.#acked) && now % 20 === 0) window.onTime?.(now)
    const room = () => (writes ? window.limit(this.#acked) - this.#sent : 0)
    while (room() > 0) {
      const bytes = Math.min(room(), window.piece, 65_536)
      this.#sent += bytes
      window.onSent(this.#sent, now)
      this.#free = Math.max(this.#free, now) + bytes / rate
      this.waitedMs.push(this.#free - now)
      this.#down.push({ at: this.#free + roundTrip / 2, to: this.#sent })
    }
    const looks = this.#isLooking(way)
    for (let head = this.#down[0]; looks && head && head.at <= now; head = this.#down[0]) {
      this.#down.shift()
      this.parsed = head.to
    }
    const waiting = this.parsed - this.#told
    const early = this.#early > 0 && waiting >= ACK_EARLY_BYTES
    if (early || waiting >= ACK_EVERY_BYTES || (waiting > 0 && now - this.#toldAt >= ACK_AFTER_MS)) {
      if (early) this.#early -= 1
      this.#told = this.parsed
      this.#toldAt = now
      this.#back.push({ at: now + roundTrip / 2, to: this.parsed })
    }
  }

  #isLooking({ busy = 1, irregular }: Way): boolean {
    if (irregular === undefined) return this.now % busy === 0
    if (this.now < this.#looksAt) return false
    // Multiples of the golden ratio spread evenly over 0 to 1, whatever their start.
    const share = (irregular + ++this.#looks * 0.618_033_988_75) % 1
    this.#looksAt = this.now + 1 + 2 * busy * share
    return true
  }

  /** What the viewer gets of what the way lets through, and what waits on it 19 times out of 20, over `seconds` more. */
  figures(way: Way, seconds: number): { used: number; waitedMs: number } {
    const before = this.parsed
    this.run(way, seconds)
    const waited = this.waitedMs.sort((a, b) => a - b)
    return {
      used: (this.parsed - before) / (way.rate * seconds * 1_000),
      waitedMs: waited[Math.floor(waited.length * 0.95)] ?? 0,
    }
  }
}
