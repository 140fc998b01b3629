import type { TerminalId } from '@pilot/domain/entities/terminal'
import type { SizeAt } from '@pilot/protocol/terminal/model'

/**
 * What a terminal is to everything after it: bytes out with absolute offsets, bytes in with each writer's own offsets,
 * a size, a picture to start from, an end. The process that holds the program implements the far side; it outlives the
 * daemon, so a source can be adopted again after a restart.
 */
export interface TerminalSource {
  readonly terminalId: TerminalId
  /** Kept current by events; read it at any time. */
  readonly status: SourceStatus
  /** Set once; events of before were not lost, they are in `status`. */
  listen(events: SourceEvents): void
  /**
   * Bytes of the ring from `from` on, at most `max` and at most what there is. Rejects with OutputGone when `from` is
   * older than the ring, with RUNTIME_ERROR when the source is gone.
   */
  read(from: number, max: number): Promise<Uint8Array>
  /** The picture to draw first, and the offset that raw bytes follow from. */
  basis(): Promise<Basis>
  /** Output from `from` on is pushed through `onOutput`, up to the credit. Replaces an earlier follow. */
  follow(from: number): void
  unfollow(): void
  /** Output may be pushed up to this absolute offset. Only ever grows; a new `follow` starts it at its own offset. */
  credit(upTo: number): void
  /**
   * The program is held back once its output passes this offset; null lets it run freely into the ring. A hold is a
   * lease of 10 s: it ends by itself when it is not said again, and when this connection ends.
   */
  hold(at: number | null): void
  /**
   * Bytes of one writer, `offset` being its own count. What was accepted before is trimmed, a hole is refused;
   * `onAccepted` says up to where the terminal took them.
   */
  write(writerId: string, offset: number, bytes: Uint8Array): void
  /** What was taken of this writer so far. */
  accepted(writerId: string): number
  /**
   * Drops what waits of a writer and was not written yet. Resolves with its exact count: nothing past it reaches the
   * program unless it is written again. Rejects with RUNTIME_ERROR when the source is gone.
   */
  withdraw(writerId: string): Promise<number>
  resize(cols: number, rows: number): void
  /** Keeps a serialized screen with the ring, so that older bytes are not needed. */
  storeCheckpoint(checkpoint: Basis): void
  /** A full-screen program draws again: the size is changed by one row and back. */
  redraw(): void
  /** Hang-up to the program's whole process session, then kill after `graceMs` when `force`. True when it is gone. */
  end(options: { force: boolean; graceMs: number }): Promise<boolean>
  /** Tells the holder of an ended program that it was read and may go. */
  dismiss(): void
  /** Gives the connection up; the program goes on. */
  release(): void
}

export interface SourceEvents {
  /**
   * In order. A jump of the offset says that what lies between fell out of the ring before it could be sent; it comes
   * without bytes when the credit ends before it.
   */
  onOutput(offset: number, bytes: Uint8Array): void
  /** In order with `onOutput`. */
  onSize(size: SizeAt): void
  onAccepted(writerId: string, upTo: number): void
  /** Title, process, state or exit code changed. */
  onStatus(): void
  onBell(): void
  /** The bytes after the newest picture are about to outgrow the ring, and no plain replay would do: make a checkpoint. */
  onCheckpointWanted(): void
  /** The holder is gone without having said that the program ended: it was killed. */
  onLost(): void
}

export interface SourceStatus {
  /** Minted when the byte count began. */
  epoch: string
  state: 'running' | 'ended' | 'error'
  exit_code: number | null
  /** Sentence for the user when it is not running. */
  reason: string | null
  title: string
  process: string
  cols: number
  rows: number
  /** Oldest byte in the ring, and the end of the output. */
  start_offset: number
  end_offset: number
  /** Process that holds the terminal, and the program's own. */
  host_pid: number
  program_pid: number | null
}

/** A picture of the terminal at `offset`, as escape sequences for a cleared emulator of that size. */
export interface Basis {
  offset: number
  cols: number
  rows: number
  snapshot: Uint8Array
  /** Nothing that is kept leads to the present screen: only its modes are right until the program draws again. */
  approximate?: boolean
  /** Sizes taken after `offset`, oldest first. */
  sizes: SizeAt[]
}

/** What the process that holds a terminal gives. */
export type Picture = Required<Basis>

/** What `read` rejects with. */
export class OutputGone extends Error {
  constructor(readonly startOffset: number) {
    super('this output is no longer kept')
  }
}

/** How a program is started. */
export interface SourceSpec {
  terminalId: TerminalId
  cwd: string
  /** The whole environment; nothing is added but TERM and what names the terminal. */
  env: Record<string, string>
  cols: number
  rows: number
  layer:
    | { kind: 'pty'; argv: [string, ...string[]] }
    /** A tmux session on the product's own server (`argv` starts in it), or an existing one of the user's server. */
    | { kind: 'tmux'; session: string; own: true; argv: [string, ...string[]] }
    | { kind: 'tmux'; session: string; own: false }
}

/** Starts terminals and finds those that outlived the daemon. */
export interface SourceLauncher {
  /** Resolves once the program runs. Rejects with PilotError: VALIDATION_FAILED (program or directory), RUNTIME_ERROR. */
  start(spec: SourceSpec): Promise<TerminalSource>
  /** Every terminal (or this one) whose holder still lives, and the last words of those whose holder ended while nobody listened. */
  adopt(only?: TerminalId): Promise<TerminalSource[]>
}
