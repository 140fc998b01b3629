import type { Clock } from '@pilot/protocol/link/clock'

const EVERY_MS = 100

/** Tells accepted input: at once after a pause, else at most ten times a second. */
export class InputAcks {
  readonly #clock: Clock
  readonly #tell: (channel: number, offset: number) => void
  readonly #recent = new Map<number, { offset: number; told: number; cancel: () => void }>()

  constructor(clock: Clock, tell: (channel: number, offset: number) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  accepted(channel: number, offset: number): void {
    const recent = this.#recent.get(channel)
    if (recent) recent.offset = offset
    else this.#say(channel, offset)
  }

  forget(channel: number): void {
    this.#recent.get(channel)?.cancel()
    this.#recent.delete(channel)
  }

  clear(): void {
    for (const channel of [...this.#recent.keys()]) this.forget(channel)
  }

  #say(channel: number, offset: number): void {
    this.#tell(channel, offset)
    const cancel = this.#clock.after(EVERY_MS, () => {
      const recent = this.#recent.get(channel)
      this.#recent.delete(channel)
      if (recent && recent.offset > recent.told) this.#say(channel, recent.offset)
    })
    this.#recent.set(channel, { offset, told: offset, cancel })
  }
}
