export interface TerminalReaderOptions {
  /** The near side of a terminal, not blocking. */
  descriptor: number
  /** The bytes are valid only during the call. */
  onData: (bytes: Uint8Array) => void
  /** Bytes that are wanted, 1 or more. */
  room: () => number
}

/** Passes on what a terminal's program writes, piece by piece, but while it is held. */
export interface TerminalReader {
  hold(): void
  release(): void
  /** Resolves as soon as it is not held; null when it is not. */
  readonly released: Promise<void> | null
  /** Input will be written: what the system drops for it was there before. */
  beforeInput(): void
  /** True when nothing will come any more: the far side is closed, and all of it was passed on. May pass on some itself. */
  isAtEnd(): boolean
  close(): void
}
