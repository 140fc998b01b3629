import type { TerminalId } from '@pilot/domain/entities/terminal'
import type { TerminalStatus } from '@pilot/protocol/terminal/model'

/** The emulator that shows a terminal, as the client needs it. */
export interface TerminalScreen {
  /** Clears everything, scrollback included, and takes this size. */
  reset(cols: number, rows: number): void
  resize(cols: number, rows: number): void
  /** `parsed` is called once the emulator has worked through the bytes; only then are they acknowledged. */
  write(bytes: Uint8Array, parsed: () => void): void
  /** Output that nobody keeps any more is marked where it is missing. */
  gap(lostBytes: number): void
}

/** What a screen says of its attachment. Objects are replaced on change, never mutated. */
export interface TerminalAttachment {
  /**
   * `attaching`: asked, not answered; `catching_up`: a transfer is drawn; `live`; `waiting`: the link or the machine is
   * away and it attaches by itself; `refused`: see `error`, nothing happens by itself.
   */
  phase: 'attaching' | 'catching_up' | 'live' | 'waiting' | 'refused'
  /** Last known; null before the first answer. */
  status: TerminalStatus | null
  /** May this tab type now? False in exclusive mode of somebody else, impersonated, and when it has ended. */
  writable: boolean
  error: { code: string; message: string } | null
  /** Typed but not accepted when the connection broke, too long ago to be sent by itself. */
  unsent: { bytes: number; text: string } | null
  /** A long paste on its way. */
  paste: { sent: number; total: number } | null
  /** Oldest input that was sent and not accepted yet, ms since the epoch; null when there is none. */
  waiting_since: number | null
}

/** One terminal in this tab. It attaches by itself whenever the link is there, until it is closed. */
export interface TerminalClient {
  readonly id: TerminalId
  get(): TerminalAttachment
  subscribe(listener: () => void): () => void
  /** Gives it the emulator; the output begins anew for a new one. Null: nobody looks, nothing is attached. */
  setScreen(screen: TerminalScreen | null, size: { cols: number; rows: number }): void
  /** What was typed: text as UTF-8, or raw bytes (mouse reports). False when it was not taken: not writable, or full. */
  input(data: string | Uint8Array): boolean
  /** A long text, sent as the terminal takes it. */
  paste(text: string): void
  stopPaste(): void
  sendUnsent(): void
  discardUnsent(): void
  /** The size that this view wants; the terminal's own size comes through the screen. */
  wantSize(cols: number, rows: number): void
  setVisible(visible: boolean): void
  setMode(mode: 'shared' | 'exclusive', takeOver: boolean): Promise<void>
  onBell(listener: () => void): () => void
  /** Does not end the program. */
  close(): void
}
