import type { Clock } from '@pilot/protocol/link/clock'

/** What the program answers goes first: nobody waits for the count. */
const FIRST_MS = 10
const EVERY_MS = 100

interface Recent {
  offset: number
  told: number
  cancel: () => void
}

/** Tells accepted input: a moment after it was, and at most ten times a second. */
export class InputAcks {
  readonly #clock: Clock
  readonly #tell: (channel: number, offset: number) => void
  readonly #recent = new Map<number, Recent>()

  constructor(clock: Clock, tell: (channel: number, offset: number) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  accepted(channel: number, offset: number): void {
    const recent = this.#recent.get(channel)
    if (recent) recent.offset = offset
    else this.#sayIn(FIRST_MS, channel, { offset, told: -1, cancel: () => undefined })
  }

  forget(channel: number): void {
    this.#recent.get(channel)?.cancel()
    this.#recent.delete(channel)
  }

  clear(): void {
    for (const channel of [...this.#recent.keys()]) this.forget(channel)
  }

  #sayIn(ms: number, channel: number, recent: Recent): void {
    this.#recent.set(channel, recent)
    recent.cancel = this.#clock.after(ms, () => {
      this.#recent.delete(channel)
      if (recent.offset <= recent.told) return
      this.#tell(channel, recent.offset)
      this.#sayIn(EVERY_MS, channel, { ...recent, told: recent.offset })
    })
  }
}
