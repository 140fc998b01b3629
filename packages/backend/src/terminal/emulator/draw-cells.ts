import type { IBuffer, IBufferLine } from '@xterm/headless'
import type { CoreCell } from './core-state.ts'
import { backgroundOf, isSeen, type Pen, PLAIN, renditionOf } from './rendition.ts'

/** What cells are drawn with. */
export interface Canvas {
  cols: number
  rows: number
  cell: CoreCell
  pen: Pen
  write(text: string): void
}

/**
 * Draws the lines from `first` on, beginning with the cursor at home and everything at its default. `before` is called
 * with the cursor at the beginning of each line.
 */
export function drawLines(canvas: Canvas, buffer: IBuffer, first: number, before?: (line: number) => void): void {
  const { pen, write, rows } = canvas
  const last = buffer.baseY + rows - 1
  for (let y = first; y <= last; y += 1) {
    const line = buffer.getLine(y)
    const wraps = y < last && buffer.getLine(y + 1)?.isWrapped === true
    before?.(y)
    if (line) drawLine(canvas, line, wraps)
    if (y === last || wraps) continue
    // A new line at the bottom takes the background along.
    pen.background(0)
    write('\r\n')
  }
}

/** One cell as it was printed, at the cursor: a letter, a wide one, or a blank that looks the same. */
export function drawCell({ pen, write }: Canvas, cell: CoreCell): void {
  pen.use(renditionOf(cell))
  write(cell.getChars() || ' ')
}

/** `wraps`: the next line goes on with this one, and the cursor is to be at its beginning. */
function drawLine(canvas: Canvas, line: IBufferLine, wraps: boolean): void {
  const { cols, rows, cell, pen, write } = canvas
  let blank = 0
  let colour = 0
  /** Whether a wide character reaches into the next cell. */
  let covered = false
  const flush = (move: boolean) => {
    if (blank === 0) return
    if (colour !== 0) {
      pen.background(colour)
      write(`\x1b[${blank}X`)
    }
    if (move) write(`\x1b[${blank}C`)
    blank = 0
  }
  for (let x = 0; x < cols; x += 1) {
    line.getCell(x, cell)
    const chars = cell.getChars()
    if (covered) {
      covered = false
      if (chars === '') continue
    }
    // Wrapping anew may leave a wide character in the last column, where it has no room.
    const fits = cell.getWidth() < 2 || x < cols - 1
    // On a screen of one line nothing can go back to blank what wraps.
    const visible = (chars !== '' && fits) || isSeen(cell) || (wraps && rows === 1 && fits && x === cols - 1)
    if (!visible) {
      const background = backgroundOf(cell.bg)
      if (background !== colour) flush(true)
      colour = background
      blank += 1
      continue
    }
    flush(true)
    // A mark without a letter to stand on must not join the letter before.
    if (chars !== '' && cell.getWidth() === 0) pen.separate()
    drawCell(canvas, cell)
    covered = cell.getWidth() === 2
  }
  const open = blank > 0
  const last = colour
  flush(false)
  if (!wraps) return
  // Only a character that finds no room makes a line go on. It is taken away again, and so is the one before it.
  if (open) {
    pen.use(PLAIN)
    write(`\x1b[${cols}GX`)
  } else pen.use(PLAIN)
  write('X\b\x1b[X')
  if (!open) return
  write(`\x1b[A\x1b[${cols}G`)
  pen.background(last)
  write('\x1b[X\x1b[B\r')
}
