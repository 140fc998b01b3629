import type { Clock } from '@pilot/protocol/link/clock'
import { ACK_COALESCE_MS, ACK_STEP_BYTES } from './limits.ts'

/** What the runtime is told of everybody who watches one terminal. */
export interface AckState {
  /** Furthest output offset that any of them parsed. */
  furthest: number
  /** End of the output that went to them: what is acknowledged up to here leaves nothing to wait for. */
  sent: number
  /** A visible one is among those that keep up. */
  interactive: boolean
}

/**
 * Makes one stream of acknowledgements out of those of all viewers. The offset never goes back; a change is told at
 * once when it matters to the flow (everything is parsed, a step was made, somebody looks or stopped looking), and at
 * most once in `ACK_COALESCE_MS` otherwise.
 */
export class AckAggregate {
  readonly #clock: Clock
  readonly #tell: (offset: number, interactive: boolean) => void
  #told: { offset: number; interactive: boolean } | null = null
  #next: { offset: number; interactive: boolean } | null = null
  #cancel: () => void = () => undefined

  constructor(clock: Clock, tell: (offset: number, interactive: boolean) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  update({ furthest, sent, interactive }: AckState): void {
    const told = this.#told
    const offset = Math.max(furthest, this.#next?.offset ?? 0, told?.offset ?? 0)
    if (told?.offset === offset && told.interactive === interactive) {
      this.#clear()
      return
    }
    const urgent = !told || told.interactive !== interactive || offset >= sent || offset - told.offset >= ACK_STEP_BYTES
    const waiting = this.#next !== null
    this.#next = { offset, interactive }
    if (urgent) this.#flush()
    else if (!waiting) this.#cancel = this.#clock.after(ACK_COALESCE_MS, () => this.#flush())
  }

  /** Nothing was told yet, as for a new channel. */
  reset(): void {
    this.#clear()
    this.#told = null
  }

  #flush(): void {
    const next = this.#next
    this.#clear()
    if (!next) return
    this.#told = next
    this.#tell(next.offset, next.interactive)
  }

  #clear(): void {
    this.#cancel()
    this.#cancel = () => undefined
    this.#next = null
  }
}
