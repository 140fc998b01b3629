import type { Id } from '@pilot/domain/ids'
import type { Clock } from '@pilot/protocol/link/clock'
import type { TerminalEvent } from './service.ts'

const EVERY_MS = 100

interface Pending {
  bell: boolean
  describe(bell: boolean): TerminalEvent
}

/** Tells changes of terminals: the first at once, more of the same terminal at most ten times a second. */
export class StatusFanout {
  readonly #clock: Clock
  readonly #listeners = new Set<(event: TerminalEvent) => void>()
  /** Told a moment ago; the value is what waits for its time. */
  readonly #recent = new Map<Id<'terminal'>, { pending: Pending | null; cancel: () => void }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  subscribe(listener: (event: TerminalEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** `describe` is called when it is told, so that the newest state goes out. */
  changed(terminalId: Id<'terminal'>, bell: boolean, describe: (bell: boolean) => TerminalEvent): void {
    const recent = this.#recent.get(terminalId)
    if (recent) {
      recent.pending = { bell: bell || recent.pending?.bell === true, describe }
      return
    }
    this.#tell(describe(bell))
    this.#rest(terminalId)
  }

  /** The last word about a terminal. */
  last(event: TerminalEvent): void {
    this.forget(event.terminal.terminal_id)
    this.#tell(event)
  }

  forget(terminalId: Id<'terminal'>): void {
    this.#recent.get(terminalId)?.cancel()
    this.#recent.delete(terminalId)
  }

  clear(): void {
    for (const { cancel } of this.#recent.values()) cancel()
    this.#recent.clear()
  }

  #rest(terminalId: Id<'terminal'>): void {
    const cancel = this.#clock.after(EVERY_MS, () => {
      const pending = this.#recent.get(terminalId)?.pending
      this.#recent.delete(terminalId)
      if (!pending) return
      this.#tell(pending.describe(pending.bell))
      this.#rest(terminalId)
    })
    this.#recent.set(terminalId, { pending: null, cancel })
  }

  #tell(event: TerminalEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
