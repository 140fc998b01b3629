import type { TerminalId } from '@pilot/domain/entities/terminal'
import type { TerminalStatus } from '@pilot/protocol/terminal/model'

/**
 * The emulator that shows a terminal, as the client needs it. `reset`, `resize` and `gap` are called only when everything
 * written before was parsed, so they may take effect at once.
 */
export interface TerminalScreen {
  /** Clears everything, scrollback included, and takes this size. */
  reset(cols: number, rows: number): void
  resize(cols: number, rows: number): void
  /**
   * Whole characters of UTF-8, perhaps none. `parsed` is called once the emulator has worked through the bytes; only then
   * are they acknowledged. `live`: printed just now, and no part of a transfer, whose questions to the terminal were answered when they were new.
   */
  write(bytes: Uint8Array, parsed: () => void, live: boolean): void
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
  /**
   * May this tab type now? False in exclusive mode of somebody else, impersonated, and when it has ended. True before
   * the first answer, while it waits, and while an ended one is started anew: what is typed then is kept.
   */
  writable: boolean
  error: { code: string; message: string } | null
  /**
   * Typed but not accepted when the connection broke, too long ago to be sent by itself, or not for this program.
   * While it is there, what is typed joins it: nothing overtakes it. `text` is cut and cleaned for display.
   */
  unsent: { bytes: number; text: string } | null
  /** A long paste on its way; UTF-16 units of its text. */
  paste: { sent: number; total: number } | null
  /** When the oldest input was sent that is not accepted yet, ms since the epoch; null when none waits for 0.5 s. */
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
  /**
   * A long text, sent as the terminal takes it; what is typed meanwhile goes between its pieces, and Ctrl-C stops it
   * first. `prefix` and `suffix` are the markers of a bracketed paste: a paste that is stopped or discarded after it has
   * begun is still closed by its suffix. False when it was not taken.
   */
  paste(text: string, around?: { prefix?: string; suffix?: string }): boolean
  /** Drops what was not sent of it. */
  stopPaste(): void
  sendUnsent(): void
  discardUnsent(): void
  /** The size that this view wants; the terminal's own size comes through the screen. */
  wantSize(cols: number, rows: number): void
  /** The terminal takes this view's size now, and follows it until somebody else types. */
  claimSize(): void
  setVisible(visible: boolean): void
  /** Rejects with PilotClientError: CONFLICT (held by somebody else), NETWORK, and what the machine says. */
  setMode(mode: 'shared' | 'exclusive', takeOver: boolean): Promise<void>
  onBell(listener: () => void): () => void
  /**
   * Its program has ended and is being started anew: what is typed from now on waits for the new one. When `started`
   * rejects it is given back as not sent.
   */
  awaitProgram(started: Promise<unknown>): void
  /** Does not end the program. */
  close(): void
}
