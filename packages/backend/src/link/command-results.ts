import type { Clock } from '@pilot/protocol/link/clock'

export const MAX_RESULTS = 1_024
export const RESULT_TTL_MS = 300_000

/** Makes a repeated command harmless: within five minutes the same request id gets the same result, run once. */
export class CommandResults<T> {
  readonly #clock: Clock
  readonly #results = new Map<string, { at: number; result: Promise<T> }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#results.size
  }

  /** Runs `work` unless the id was seen; `work` does not reject. */
  run(requestId: string, work: () => Promise<T>): Promise<T> {
    this.#expire()
    const known = this.#results.get(requestId)
    if (known) return known.result
    const result = work()
    this.#results.set(requestId, { at: this.#clock.now(), result })
    return result
  }

  #expire(): void {
    const oldest = this.#clock.now() - RESULT_TTL_MS
    for (const [id, { at }] of this.#results) {
      if (at >= oldest && this.#results.size < MAX_RESULTS) break
      this.#results.delete(id)
    }
  }
}
