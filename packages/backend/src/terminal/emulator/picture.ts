import type { IBuffer, Terminal } from '@xterm/headless'
import { type CoreScreen, type CoreState, charsetLetters, coreCell, readCore } from './core-state.ts'
import { type Canvas, drawCell, drawLines } from './draw-cells.ts'
import { currentRendition, isSame, Pen, PLAIN, renditionOf } from './rendition.ts'

const TAB = 8
const DESIGNATES = ['(', ')', '*', '+']
const SHIFTS = ['\x0f', '\x0e', '\x1bn', '\x1bo']
const MOUSE = { none: 0, x10: 9, vt200: 1000, drag: 1002, any: 1003 } as const
const MOUSE_ENCODING = { DEFAULT: 0, SGR: 1006, SGR_PIXELS: 1016 } as const
const CURSOR_STYLE = { block: 2, underline: 4, bar: 6 } as const

const position = (row: number, col: number) => `\x1b[${row + 1};${col + 1}H`

/** Escape sequences that bring a fresh emulator of the same size into the state of a terminal. */
export interface PictureOptions {
  /** Lines above the screen. */
  scrollback: number
  title: string
}

/**
 * Prepares pictures of a terminal, which is not to be written to any more: everything that continued output is drawn
 * with is in them, down to what a repeated character would be. The result draws one with so many lines of history.
 */
export async function pictures(terminal: Terminal): Promise<(options: PictureOptions) => string> {
  const state = readCore(terminal)
  const { modes } = terminal
  // Copied, because looking up the character sets changes it.
  const charsets = [0, 1, 2, 3].map((set) => state._charsetService._charsets[set])
  const letters = needsLetters(state, charsets) ? await charsetLetters(terminal) : new Map([[undefined, 'B']])
  return ({ scrollback, title }) => new Picture(terminal, state, modes, charsets, letters).draw(scrollback, title)
}

function needsLetters({ buffers, _charsetService }: CoreState, charsets: unknown[]): boolean {
  const used = [...charsets, _charsetService.charset, buffers.normal.savedCharset, buffers.alt.savedCharset]
  return used.some((charset) => charset !== undefined)
}

class Picture {
  readonly #terminal: Terminal
  readonly #state: CoreState
  readonly #modes: Terminal['modes']
  readonly #charsets: unknown[]
  readonly #letters: ReadonlyMap<unknown, string>
  readonly #canvas: Canvas
  readonly #parts: string[] = []
  /** The main screen's cursor was saved in a line of the history that is drawn. */
  #savedAbove = false

  constructor(
    terminal: Terminal,
    state: CoreState,
    modes: Terminal['modes'],
    charsets: unknown[],
    letters: ReadonlyMap<unknown, string>,
  ) {
    this.#terminal = terminal
    this.#state = state
    this.#modes = modes
    this.#charsets = charsets
    this.#letters = letters
    const write = (text: string) => void this.#parts.push(text)
    const pen = new Pen(write, (number) => this.#link(number))
    this.#canvas = { cols: terminal.cols, rows: terminal.rows, cell: coreCell(terminal), pen, write }
  }

  draw(scrollback: number, title: string): string {
    const { write, pen } = this.#canvas
    const { normal, alternate, active } = this.#terminal.buffer
    const { buffers } = this.#state
    if (title !== '') write(`\x1b]2;${title.replaceAll(/\p{Cc}/gu, '')}\x1b\\`)
    const inAlternate = active.type === 'alternate'
    if (!inAlternate) this.#savedInAlternate()
    const first = Math.max(0, normal.baseY - scrollback)
    const { savedY, ybase } = buffers.normal
    // A line that left the screen since then comes back into a larger one.
    this.#savedAbove = savedY >= first && savedY < ybase && this.#hasSaved(buffers.normal)
    drawLines(this.#canvas, normal, first, (line) => {
      if (this.#savedAbove && line === savedY) this.#saveInLine(buffers.normal)
    })
    this.#tabsAndRegion(buffers.normal)
    if (inAlternate) {
      this.#leaveMain(buffers.normal)
      pen.use(PLAIN)
      write('\x1b[2J\x1b[H')
      drawLines(this.#canvas, alternate, alternate.baseY)
      this.#tabsAndRegion(buffers.alt)
    }
    this.#finish(inAlternate ? buffers.alt : buffers.normal, active)
    return this.#parts.join('')
  }

  /** What the alternate screen keeps while it is not shown. */
  #savedInAlternate(): void {
    const { alt } = this.#state.buffers
    const { write } = this.#canvas
    if (!this.#hasSaved(alt)) return
    write('\x1b[?1049h')
    this.#save(alt)
    this.#canvas.pen.use(PLAIN)
    write('\x1b[?1049l\x1b[H')
    // Leaving brought back what the main screen had saved.
    this.#canvas.pen.forget()
    this.#canvas.pen.use(PLAIN)
  }

  #tabsAndRegion({ tabs, scrollTop, scrollBottom }: CoreScreen): void {
    const { cols, rows, write } = this.#canvas
    const columns = Array.from({ length: cols }, (_, column) => column)
    if (columns.some((column) => (tabs[column] === true) !== (column % TAB === 0))) {
      write('\x1b[3g')
      for (const column of columns) if (tabs[column]) write(`\x1b[${column + 1}G\x1bH`)
    }
    if (scrollTop > 0 || scrollBottom < rows - 1) write(`\x1b[${scrollTop + 1};${scrollBottom + 1}r`)
  }

  #hasSaved({ savedX, savedY, savedCurAttrData: { fg, bg }, savedCharset }: CoreScreen): boolean {
    return savedX > 0 || savedY > 0 || fg !== 0 || bg !== 0 || savedCharset !== undefined
  }

  #savedAt({ savedX, savedY, ybase }: CoreScreen): [row: number, column: number] {
    const { cols, rows } = this.#canvas
    return [Math.min(Math.max(0, savedY - ybase), rows - 1), Math.min(savedX, cols - 1)]
  }

  /** Puts the cursor to where it was saved, with what was saved with it. */
  #toSaved(screen: CoreScreen): void {
    this.#canvas.write(position(...this.#savedAt(screen)))
    this.#useSaved(screen)
  }

  #useSaved({ savedCurAttrData, savedCharset }: CoreScreen): void {
    const { pen, write } = this.#canvas
    pen.use({ ...savedCurAttrData, ext: 0, link: 0 })
    if (savedCharset !== undefined) write(`\x1b(${this.#letter(savedCharset)}`)
  }

  /** Switches to the alternate screen. Where the cursor of the main one stays matters when both are resized. */
  #leaveMain(main: CoreScreen): void {
    const { write } = this.#canvas
    const [row, column] = this.#savedAt(main)
    if (!this.#savedAbove && row === main.y && column === main.x) {
      // Where it was saved, as by a program that saves and switches in one go, which every terminal knows.
      this.#toSaved(main)
      write('\x1b[?1049h\x1b(B')
      return
    }
    if (!this.#savedAbove) this.#save(main)
    write(`${position(main.y, Math.min(main.x, this.#canvas.cols - 1))}\x1b[?1047h`)
  }

  #save(screen: CoreScreen): void {
    if (!this.#hasSaved(screen)) return
    this.#toSaved(screen)
    this.#canvas.write(`\x1b7${screen.savedCharset === undefined ? '' : '\x1b(B'}`)
  }

  #saveInLine(screen: CoreScreen): void {
    const { write, pen } = this.#canvas
    write(`\x1b[${screen.savedX + 1}G`)
    this.#useSaved(screen)
    write('\x1b7\x1b(B\r')
    pen.use(PLAIN)
  }

  /** Cursor, modes and what is printed next. Everything that moves the cursor comes before what depends on its place. */
  #finish(screen: CoreScreen, buffer: IBuffer): void {
    const { _charsetService, _inputHandler } = this.#state
    const { pen, write } = this.#canvas
    const { charset, glevel } = _charsetService
    if (!this.#savedAbove || screen !== this.#state.buffers.normal) this.#save(screen)
    // A restored cursor brings its own set of characters, whatever the designations say.
    const restored = charset !== this.#charsets[glevel] && charset === screen.savedCharset
    if (restored) {
      write(`${this.#designations()}\x1b8`)
      pen.forget()
    }
    write(this.#plainModes())
    if (this.#modes.originMode) write('\x1b[?6h')
    const joins = this.#canRepeat(screen, buffer)
    const column = this.#column(screen)
    const before = !joins && column === this.#canvas.cols ? this.#cellBefore(screen, buffer) : null
    this.#moveTo(screen, before ?? column)
    // The cursor waits behind the last column, where only a character brings it.
    if (before !== null) drawCell(this.#canvas, this.#canvas.cell)
    if (!restored) write(this.#designations())
    pen.use(currentRendition(_inputHandler._curAttrData))
    // Printed for its place alone: there was something else after it.
    if (before !== null) pen.separate()
    if (this.#modes.insertMode) write('\x1b[4h')
    if (!this.#modes.wraparoundMode) write('\x1b[?7l')
    if (joins) this.#printAgain(screen, buffer)
  }

  /**
   * The character before the cursor is the one that was printed last, as the next one would be. It may be another after
   * a new size, and without wrapping a wide one may have found no room.
   */
  #canRepeat(screen: CoreScreen, buffer: IBuffer): boolean {
    const { _parser, _curAttrData } = this.#state._inputHandler
    if (_parser.precedingJoinState === 0) return false
    const { cell } = this.#canvas
    const before = this.#cellBefore(screen, buffer)
    const ends =
      before !== null && cell.getChars() !== '' && before + Math.max(1, cell.getWidth()) === this.#column(screen)
    return ends && isSame(renditionOf(cell), currentRendition(_curAttrData))
  }

  /** What can be repeated has to be printed as the last of all. */
  #printAgain(screen: CoreScreen, buffer: IBuffer): void {
    const { cell, write } = this.#canvas
    const before = this.#cellBefore(screen, buffer)
    if (before === null) return
    this.#moveTo(screen, before)
    if (this.#modes.insertMode) write(`\x1b[${Math.max(1, cell.getWidth())}P`)
    write(cell.getChars())
  }

  /** Reads the character that ends before the cursor. Returns its column, null when there is none. */
  #cellBefore(screen: CoreScreen, buffer: IBuffer): number | null {
    const { cell } = this.#canvas
    const line = buffer.getLine(screen.ybase + screen.y)
    const column = this.#column(screen)
    for (let x = column - 1; line && x >= Math.max(0, column - 2); x -= 1) {
      line.getCell(x, cell)
      if (cell.getWidth() > 0 || cell.getChars() !== '') return x
    }
    return null
  }

  /** Up to the number of columns: a mark that combines with nothing moves the cursor even when it waits behind the last. */
  #column({ x }: CoreScreen): number {
    return Math.min(x, this.#canvas.cols)
  }

  #moveTo({ y, scrollTop }: CoreScreen, column: number): void {
    const { write, cols } = this.#canvas
    write(position(this.#modes.originMode ? Math.max(0, y - scrollTop) : y, Math.min(column, cols - 1)))
  }

  #designations(): string {
    const sets = this.#charsets.map((charset, set) =>
      charset === undefined ? '' : `\x1b${DESIGNATES[set]}${this.#letter(charset)}`,
    )
    const { glevel } = this.#state._charsetService
    return sets.join('') + (glevel === 0 ? '' : (SHIFTS[glevel] ?? ''))
  }

  /** Modes that neither move the cursor nor change how the picture itself is drawn. */
  #plainModes(): string {
    const { coreService, coreMouseService } = this.#state
    const { cursorStyle, cursorBlink } = coreService.decPrivateModes
    const modes = this.#modes
    const { options } = this.#terminal
    const set = (number: number, on: boolean | undefined) => (on ? `\x1b[?${number}h` : '')
    const mouse = MOUSE[modes.mouseTrackingMode]
    const encoding = MOUSE_ENCODING[coreMouseService.activeEncoding]
    return [
      set(1, modes.applicationCursorKeysMode),
      set(12, options.cursorBlink),
      set(45, modes.reverseWraparoundMode),
      set(66, modes.applicationKeypadMode),
      set(mouse, mouse > 0),
      set(encoding, encoding > 0),
      set(1004, modes.sendFocusMode),
      set(2004, modes.bracketedPasteMode),
      options.convertEol ? '\x1b[20h' : '',
      coreService.isCursorHidden ? '\x1b[?25l' : '',
      cursorStyle ? `\x1b[${CURSOR_STYLE[cursorStyle] - (cursorBlink ? 1 : 0)} q` : '',
    ].join('')
  }

  #letter(charset: unknown): string {
    return this.#letters.get(charset) ?? 'B'
  }

  #link(number: number): string {
    const data = number === 0 ? undefined : this.#state._oscLinkService.getLinkData(number)
    if (!data) return '\x1b]8;;\x1b\\'
    return `\x1b]8;${data.id === undefined ? '' : `id=${data.id}`};${data.uri}\x1b\\`
  }
}
