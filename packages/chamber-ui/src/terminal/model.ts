import type { Emulator } from './emulator.ts'

/** The emulator's side of a terminal, as its client writes to it. */
export type TerminalScreenSide = Emulator['screen']

/** What a view needs of a terminal's client. */
export interface TerminalFeed {
  setScreen(screen: TerminalScreenSide | null, size: { cols: number; rows: number }): void
  input(data: string | Uint8Array): boolean
  wantSize(cols: number, rows: number): void
  setVisible(visible: boolean): void
}

/** Sizes of the text, in px. */
export const FONT = { min: 8, max: 28, usual: 13, touch: 13 } as const

export function clampFont(size: number): number {
  return Math.min(FONT.max, Math.max(FONT.min, Math.round(size)))
}
