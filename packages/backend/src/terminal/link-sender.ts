import type { Clock } from '@pilot/protocol/link/clock'

/** Bytes that may wait in the socket: bulk leaves room for what somebody waits for. */
export const MAX_AHEAD_BYTES = 262_144
const BULK_AHEAD_BYTES = 131_072
const DRAIN_POLL_MS = 2

/** One flow of frames: the live output of a terminal, or a transfer. None of these throws. */
export interface Lane {
  /** When the next frame should leave, as the clock's time; null while nothing may be sent. */
  dueAt(now: number): number | null
  /** Goes before bulk: an echo, or little output. */
  urgent(now: number): boolean
  /** Sends one frame, or what stands before it. Called only when due. */
  sendOne(now: number): void
}

export interface LinkSenderOptions {
  clock: Clock
  bufferedAmount(): number
}

/**
 * Shares one link among the terminals: one frame each in turn, urgent ones first, never more in the socket than it
 * should hold. While nothing waits, no timer runs.
 */
export class LinkSender {
  readonly #options: LinkSenderOptions
  /** Lanes with something to send; the one that was served goes to the end. */
  readonly #waiting = new Set<Lane>()
  #cancelTimer: (() => void) | null = null
  #pumping = false

  constructor(options: LinkSenderOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** The lane may have something to send. */
  wake(lane: Lane): void {
    this.#waiting.add(lane)
    this.#pump()
  }

  remove(lane: Lane): void {
    this.#waiting.delete(lane)
  }

  /** The link is gone, and everything that was to be sent over it. */
  clear(): void {
    this.#waiting.clear()
    this.#stopTimer()
  }

  #pump(): void {
    // What a lane does may wake another one; the outer loop sees it.
    if (this.#pumping) return
    this.#pumping = true
    this.#stopTimer()
    try {
      for (;;) {
        const next = this.#next(this.#options.clock.now())
        if (next === null) return
        if (typeof next === 'number') {
          this.#cancelTimer = this.#options.clock.after(next, () => {
            this.#cancelTimer = null
            this.#pump()
          })
          return
        }
        this.#waiting.delete(next)
        this.#waiting.add(next)
        next.sendOne(this.#options.clock.now())
      }
    } finally {
      this.#pumping = false
    }
  }

  /** The lane whose turn it is, or the milliseconds after which to look again, or null when nothing waits. */
  #next(now: number): Lane | number | null {
    const ahead = this.#options.bufferedAmount()
    let bulk: Lane | null = null
    let soonest: number | null = null
    for (const lane of this.#waiting) {
      const due = lane.dueAt(now)
      if (due === null) {
        this.#waiting.delete(lane)
        continue
      }
      if (due > now) soonest = Math.min(soonest ?? due, due)
      else if (lane.urgent(now) && ahead < MAX_AHEAD_BYTES) return lane
      else bulk ??= lane
    }
    if (bulk) return ahead < BULK_AHEAD_BYTES ? bulk : DRAIN_POLL_MS
    return soonest === null ? null : Math.max(1, soonest - now)
  }

  #stopTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }
}
