/** What holds the program: a PTY of this process, or a session of tmux. */
export interface Layer {
  /** Gives bytes to the program; `LayerEvents.onWritten` follows once all of them are taken. One call at a time. */
  write(bytes: Uint8Array): void
  resize(cols: number, rows: number): void
  /** Stops the program's writing as soon as the system can; bytes beyond `LayerEvents.room` may still come. */
  pause(): void
  resume(): void
  /** Process id of the program that was started, null when it is unknown. */
  readonly programPid: number | null
  /** The process that keeps the program when this one is gone; absent when there is none. */
  readonly keeperPid?: number
  /** It is a terminal itself, which answers what its program asks. */
  readonly answers?: boolean
  /** Name of the program in the foreground; empty when unknown. */
  foreground(): Promise<string>
  /** Hang-up to everything in the terminal, then kill after `graceMs` when `force`. True when all of it is gone. */
  end(force: boolean, graceMs: number): Promise<boolean>
  /** Gives the terminal up. Its program gets a hang-up, unless it lives elsewhere. */
  close(): void
}

export interface LayerEvents {
  /** The bytes are valid only during the call. */
  onData(bytes: Uint8Array): void
  /** Bytes that may come before the program is held, 1 or more. A layer that can reads no more than that. */
  room(): number
  onWritten(): void
  /** After the last output. `reason` is a sentence for the user when it did not end by itself. */
  onExit(end: { exitCode: number | null; reason: string | null }): void
  /** Something else set the size, such as another client of the same tmux session. */
  onResized(cols: number, rows: number): void
}
