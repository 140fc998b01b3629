import type { Clock } from '@pilot/protocol/link/clock'
import { HOLD_LEASE_MS } from './limits.ts'

interface Hold {
  at: number
  cancel: () => void
}

/**
 * Who wants the program held back, and at which offset. A hold is a lease: it ends after `HOLD_LEASE_MS` unless it is
 * said again, so that a client that died or sleeps never stops a program.
 */
export class Holds<Holder> {
  readonly #holds = new Map<Holder, Hold>()

  constructor(
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {}

  /** Lowest offset of a hold in force; Infinity when nobody holds. */
  get at(): number {
    let lowest = Number.POSITIVE_INFINITY
    for (const hold of this.#holds.values()) lowest = Math.min(lowest, hold.at)
    return lowest
  }

  set(holder: Holder, at: number | null): void {
    this.#holds.get(holder)?.cancel()
    this.#holds.delete(holder)
    if (at !== null) {
      const cancel = this.clock.after(HOLD_LEASE_MS, () => {
        this.#holds.delete(holder)
        this.onChange()
      })
      this.#holds.set(holder, { at, cancel })
    }
    this.onChange()
  }

  clear(): void {
    for (const hold of this.#holds.values()) hold.cancel()
    this.#holds.clear()
  }
}
