import type { FlowCharacters } from './libc.ts'

export interface FlowGateOptions {
  /** How the terminal treats its characters now; null when it is gone. */
  characters: () => FlowCharacters | null
  /** Stops or starts the writing of the program, in the kernel. */
  flow: (stop: boolean) => void
}

/**
 * Stops and starts a program's output for flow control without undoing the user's own Ctrl-S: the kernel keeps one state
 * for both, and starting it would free what the user stopped. So the user's state is followed here, from what is typed,
 * and the program is started only when neither wants it stopped.
 */
export class FlowGate {
  #stopped = false
  #held = false
  #byUser = false
  #literal = false

  constructor(private readonly options: FlowGateOptions) {}

  /** To be called with everything that is typed, before it is written. */
  typed(bytes: Uint8Array): void {
    const characters = this.options.characters()
    if (!characters?.flow) {
      this.#byUser = false
      return
    }
    for (const byte of bytes) {
      if (this.#literal) this.#literal = false
      else if (byte === characters.literal && byte !== 0) this.#literal = true
      else if (byte === characters.stop) this.#byUser = true
      else if (byte === characters.start || characters.any) this.#byUser = false
      else if (characters.signals && characters.interrupting.includes(byte)) this.#byUser = false
    }
  }

  /** To be called after it was written: a start that the kernel ignored while we held is made good. */
  written(): void {
    if (this.#stopped && !this.#held && !this.#byUser) this.#start()
  }

  hold(): void {
    this.#held = true
    if (this.#stopped) return
    this.#stopped = true
    this.options.flow(true)
  }

  release(): void {
    this.#held = false
    if (!this.#stopped) return
    // A program that switched flow characters off meanwhile is not stopped by one.
    if (this.#byUser && this.options.characters()?.flow) return
    this.#start()
  }

  #start(): void {
    this.#stopped = false
    this.options.flow(false)
  }
}
