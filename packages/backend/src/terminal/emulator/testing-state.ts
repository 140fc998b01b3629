import type { IBuffer, Terminal } from '@xterm/headless'
import { type CoreScreen, type CoreState, coreCell, readCore } from './core-state.ts'
import { backgroundOf, currentRendition, isSeen, type Rendition, renditionOf } from './rendition.ts'

/**
 * Everything that decides what is seen now and what continued output is drawn like, so that a difference shows where.
 * Without `links` their addresses are left out: the emulator forgets one with the line in which it was opened.
 */
export function wholeState(terminal: Terminal, links = true): Record<string, unknown> {
  const core = readCore(terminal)
  if (!links) core._oscLinkService = { getLinkData: () => undefined }
  const { normal, alternate, active } = terminal.buffer
  const inAlternate = active.type === 'alternate'
  const { buffers, _charsetService, _inputHandler, coreService, coreMouseService } = core
  const screen = inAlternate ? buffers.alt : buffers.normal
  // Synchronized output lasts for a moment only, and a picture ends it.
  const { synchronizedOutputMode, ...modes } = terminal.modes
  return {
    size: [terminal.cols, terminal.rows],
    active: active.type,
    // Further than behind the last column is the same: what moves it begins there.
    cursor: [Math.min(screen.x, terminal.cols), screen.y],
    next: told(core, currentRendition(_inputHandler._curAttrData)),
    modes: { ...modes, blink: terminal.options.cursorBlink, newLine: terminal.options.convertEol },
    hidden: coreService.isCursorHidden,
    cursorStyle: coreService.decPrivateModes,
    mouse: coreMouseService.activeEncoding,
    charset: { active: _charsetService.charset, level: _charsetService.glevel },
    charsets: [0, 1, 2, 3].map((set) => _charsetService._charsets[set]),
    main: [...shape(terminal, buffers.normal), ...lines(terminal, core, normal, 0)],
    alternate: inAlternate
      ? [...shape(terminal, buffers.alt), ...lines(terminal, core, alternate, alternate.baseY)]
      : null,
    saved: [saved(terminal, buffers.normal), saved(terminal, buffers.alt)],
  }
}

function shape({ cols }: Terminal, { scrollTop, scrollBottom, tabs }: CoreScreen): string[] {
  const stops = Array.from({ length: cols }, (_, column) => column).filter((column) => tabs[column])
  return [`region ${scrollTop}-${scrollBottom}`, `tabs ${stops.join(' ')}`]
}

/** An underline that is saved comes back with whatever style is set then. */
function saved({ cols, rows }: Terminal, screen: CoreScreen) {
  const { fg, bg } = screen.savedCurAttrData
  return {
    at: [Math.min(screen.savedX, cols - 1), Math.min(rows - 1, Math.max(0, screen.savedY - screen.ybase))],
    rendition: [clean(fg), clean(bg & ~0x10000000)],
    charset: screen.savedCharset,
  }
}

function lines(terminal: Terminal, core: CoreState, buffer: IBuffer, first: number): string[] {
  const cell = coreCell(terminal)
  return Array.from({ length: buffer.baseY + terminal.rows - first }, (_, index) => {
    const line = buffer.getLine(first + index)
    // What the oldest line went on from is gone.
    let text = line?.isWrapped && index > 0 ? '+' : '|'
    let covered = false
    for (let x = 0; x < terminal.cols; x += 1) {
      line?.getCell(x, cell)
      const chars = cell.getChars()
      const hidden = covered
      covered = cell.getWidth() === 2
      if (chars === '' && (hidden || cell.getWidth() === 0)) continue
      const blank = (chars === '' || chars === ' ') && !isSeen(cell)
      const look = blank ? { fg: 0, bg: backgroundOf(cell.bg), ext: 0, link: 0 } : renditionOf(cell)
      text += `${told(core, look)}${chars || ' '}`
    }
    return text
  })
}

function told({ _oscLinkService }: CoreState, { fg, bg, ext, link }: Rendition): string {
  const uri = link === 0 ? '' : (_oscLinkService.getLinkData(link)?.uri ?? '')
  // The colour of an underline that is none; a link that the emulator has forgotten leaves it in cells.
  const unseen = (fg & UNDERLINE) === 0 && (ext & STYLE) === 0 && uri === ''
  const parts = [clean(fg), clean(bg & ~EXTENDED), unseen ? 0 : clean(ext), uri].map(String)
  return parts.join('') === '000' ? '' : `{${parts.join('/')}}`
}

/** A colour of a palette has one byte; behind it stands what is left of an earlier one. */
const clean = (packed: number) => ((packed >>> 24) % 4 === 3 ? packed : packed & ~0xffff00)

/**
 * True with cells that no output brings about at their place: a wide character that wrapping anew has left in a last
 * column, or one without a character that has attributes, which counts as blank once lines are wrapped.
 */
export function hasOddCells(terminal: Terminal): boolean {
  const cell = coreCell(terminal)
  const { normal } = terminal.buffer
  for (let y = 0; y < normal.length; y += 1) {
    for (let x = 0; x < terminal.cols; x += 1) {
      normal.getLine(y)?.getCell(x, cell)
      if (cell.getWidth() === 2 && x === terminal.cols - 1) return true
      if (cell.getChars() === '' && cell.getWidth() === 1 && isSeen(cell)) return true
    }
  }
  return false
}

const UNDERLINE = 0x10000000
const EXTENDED = 0x10000000
const STYLE = 0x1c000000

/**
 * True when a restored cursor brought its own colours back beside another one's underline or link: from then until the
 * next reset of attributes those are neither on nor off.
 */
export function isMixed(terminal: Terminal): boolean {
  const { buffers, _inputHandler } = readCore(terminal)
  const { fg, bg, extended } = _inputHandler._curAttrData
  const styled = (extended._ext & STYLE) !== 0
  const linkSaved = [buffers.normal, buffers.alt].some(({ savedCurAttrData: saved }) => {
    return (saved.bg & EXTENDED) !== 0 && (saved.fg & UNDERLINE) === 0
  })
  const plain = ((fg & UNDERLINE) !== 0) === styled && ((bg & EXTENDED) !== 0) === (styled || extended._urlId !== 0)
  return !plain || linkSaved
}
