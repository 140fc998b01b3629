/** How one direction leaves: frames of a channel, at most `maxFrame()` bytes each. */
export interface OutboundTarget {
  send(offset: number, payload: Uint8Array): void
  maxFrame(): number
  /** Returns a promise while the socket holds enough; undefined to go on at once. */
  pace(): Promise<void> | undefined
}

/** The sending half of one direction: reads the source only while the peer has given credit. */
export class OutboundBody {
  readonly #source: ReadableStream<Uint8Array>
  readonly #target: OutboundTarget
  #allowed: number
  #sent = 0
  #stopped = false
  #wake: (() => void) | null = null
  #reader: { cancel(reason?: unknown): Promise<unknown> } | null = null

  constructor(source: ReadableStream<Uint8Array>, target: OutboundTarget, credit: number) {
    this.#source = source
    this.#target = target
    this.#allowed = credit
  }

  /** The peer's reader took bytes: that many more may go. */
  grant(bytes: number): void {
    this.#allowed = Math.min(this.#allowed + bytes, Number.MAX_SAFE_INTEGER)
    this.#wake?.()
  }

  /** Ends the pump and cancels the source. Safe to call at any time and again. */
  stop(reason: unknown): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#wake?.()
    const cancelled = this.#reader ? this.#reader.cancel(reason) : this.#source.cancel(reason)
    // The source is of no interest any more; neither is how it takes the news.
    cancelled.catch(() => undefined)
  }

  /** Sends everything. Resolves with the byte count, or null when stopped; rejects when the source fails. */
  async run(): Promise<number | null> {
    if (this.#stopped) return null
    const reader = this.#source.getReader()
    this.#reader = reader
    for (;;) {
      if (this.#sent >= this.#allowed) await this.#credit()
      if (this.#stopped) return null
      const { done, value } = await reader.read()
      if (this.#stopped) return null
      if (done) return this.#sent
      if (!(value instanceof Uint8Array)) throw new TypeError('A body must be made of bytes.')
      if (!(await this.#sendChunk(value))) return null
    }
  }

  async #sendChunk(chunk: Uint8Array): Promise<boolean> {
    for (let at = 0; at < chunk.length; ) {
      if (this.#sent >= this.#allowed) await this.#credit()
      const paced = this.#target.pace()
      if (paced) await paced
      if (this.#stopped) return false
      const size = Math.min(chunk.length - at, this.#target.maxFrame(), this.#allowed - this.#sent)
      this.#target.send(this.#sent, chunk.subarray(at, at + size))
      this.#sent += size
      at += size
    }
    return true
  }

  async #credit(): Promise<void> {
    while (!this.#stopped && this.#sent >= this.#allowed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = null
    }
  }
}
