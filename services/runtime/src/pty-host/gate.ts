/** Held or not, for whoever has to wait for the end of it. */
export class Gate {
  #waiting: PromiseWithResolvers<void> | null = null

  hold(): void {
    this.#waiting ??= Promise.withResolvers<void>()
  }

  release(): void {
    this.#waiting?.resolve()
    this.#waiting = null
  }

  /** Resolves as soon as it is not held; null when it is not. */
  get released(): Promise<void> | null {
    return this.#waiting?.promise ?? null
  }
}
