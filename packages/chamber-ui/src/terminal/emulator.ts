import { limitEmulator } from '@pilot/protocol/terminal/emulator-limits'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { WebglAddon } from '@xterm/addon-webgl'
import { Terminal } from '@xterm/xterm'
import { cellOptions, type FontFacts, measureFont } from './cell.ts'
import { keepResolution } from './device-pixels.ts'
import { gapLabel } from './gap-label.ts'
import { findColours, MIN_CONTRAST, terminalPalette } from './palette.ts'
import { silenceQueries } from './queries.ts'
import { safeLink } from './title.ts'

/** Lines above the screen that stay readable. */
const SCROLLBACK = 10_000
/** Room for the scroll bar right of the text, in px; what the fit add-on reckons with too. */
const SCROLLBAR = 14
const MIN_FONT = 6
/** A size of this view is taken by the machine within this time, in ms; what differs longer is somebody else's. */
const FOREIGN_AFTER_MS = 1_500

export interface EmulatorHost {
  /** Typed text, or raw bytes of a mouse report. */
  input(data: string | Uint8Array): void
  /** May questions of the program (where is the cursor, which colours) be answered by this tab? */
  mayAnswer(): boolean
  /** True when the page took the key, which then never reaches the terminal. */
  key(event: KeyboardEvent): boolean
  paste(text: string): void
  openLink(href: string): void
  found(result: FindResult): void
  /** The terminal has another size than the view has room for, or no longer. */
  sized(size: EmulatorSize): void
}

export interface FindResult {
  /** 0 for the first; -1 when there are too many to count. */
  index: number
  count: number
}
export interface FindOptions {
  caseSensitive: boolean
  regex: boolean
}
export interface Size {
  cols: number
  rows: number
}
export interface EmulatorSize {
  actual: Size
  /** What would fill the view; null while it is not seen. */
  wanted: Size | null
  /** They have differed for a while: it is somebody else's size, not one that is on its way. */
  foreign: boolean
}
export interface EmulatorLook {
  dark: boolean
  /** In px. */
  fontSize: number
  /** Typing comes through an input field of ours, so that the emulator must not open a phone's keyboard. */
  touch: boolean
  /** Its program has ended and everything it printed is here: the picture takes the size of the view. */
  settled: boolean
}

/** One emulator in one element, with everything that a view does with it. */
export type Emulator = ReturnType<typeof createEmulator>

/** Opens an emulator in `parent`, which has to be in the document. */
export function createEmulator(parent: HTMLElement, host: EmulatorHost, first: EmulatorLook) {
  let look = first
  const fontFamily = getComputedStyle(parent).getPropertyValue('--mono') || 'monospace'
  const term = new Terminal({
    allowProposedApi: true,
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    cursorInactiveStyle: 'outline',
    fontFamily,
    fontSize: look.fontSize,
    scrollback: SCROLLBACK,
    theme: terminalPalette(look.dark),
    minimumContrastRatio: MIN_CONTRAST,
    macOptionClickForcesSelection: true,
    rescaleOverlappingGlyphs: true,
    linkHandler: { activate: (event, text) => follow(event, text) },
  })
  limitEmulator(term)
  const follow = (event: MouseEvent, text: string) => {
    const href = safeLink(text)
    if (href === null) return
    event.preventDefault()
    host.openLink(href)
  }
  const fit = new FitAddon()
  const search = new SearchAddon()
  term.loadAddon(fit)
  term.loadAddon(search)
  term.loadAddon(new Unicode11Addon())
  term.loadAddon(new WebLinksAddon(follow))
  term.unicode.activeVersion = '11'
  term.open(parent)
  if (look.touch && term.textarea) {
    term.textarea.inputMode = 'none'
    term.textarea.readOnly = true
    term.textarea.tabIndex = -1
    term.textarea.hidden = true
  }
  /** Cells of whole pixels: without the graphics processor the emulator has no need of them. */
  let whole = loadWebgl(term, () => {
    whole = false
    fitFont()
  })
  const stopKeeping = keepResolution(parent, () => term.refresh(0, term.rows - 1))

  // One entry for each write that is not parsed yet: whether its questions may be answered.
  const answering: boolean[] = []
  silenceQueries(term.parser, () => answering[0] === false)
  term.onData((data) => {
    const focusReport = data === '\u001b[I' || data === '\u001b[O'
    if (!(focusReport && answering[0] === false)) host.input(data)
  })
  term.onBinary((data) => host.input(Uint8Array.from(data, (character) => character.charCodeAt(0) & 0xff)))
  search.onDidChangeResults(({ resultIndex, resultCount }) => host.found({ index: resultIndex, count: resultCount }))
  term.attachCustomKeyEventHandler((event) => {
    if (!host.key(event)) return true
    event.preventDefault()
    return false
  })
  const onPaste = (event: ClipboardEvent) => {
    event.preventDefault()
    event.stopPropagation()
    host.paste(event.clipboardData?.getData('text/plain') ?? '')
  }
  parent.addEventListener('paste', onPaste, true)

  let wanted: Size | null = null
  /** Of a pan, px that are less than a line yet. */
  let panned = 0
  let foreign = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let font: FontFacts | null = null
  const setFont = (fontSize: number) => {
    font = measureFont(fontFamily, fontSize)
    term.options.fontSize = fontSize
    Object.assign(term.options, cellOptions(font, window.devicePixelRatio, whole))
  }
  const proposed = (): Size | null => {
    const room = fit.proposeDimensions()
    return room && Number.isFinite(room.cols) && Number.isFinite(room.rows)
      ? { cols: room.cols, rows: room.rows }
      : null
  }
  const hasRoom = () => {
    const room = proposed()
    return room !== null && room.cols >= term.cols && room.rows >= term.rows
  }
  /** Measures the room that there is; a terminal that stays larger than it gets the font at which all of it is seen. */
  const fitFont = () => {
    if (parent.clientWidth === 0 || parent.clientHeight === 0) return
    setFont(look.fontSize)
    const room = proposed()
    if (!room) return
    wanted = room
    if (look.settled && answering.length === 0) term.resize(wanted.cols, wanted.rows)
    const same = wanted.cols === term.cols && wanted.rows === term.rows
    if (same) foreign = false
    clearTimeout(timer)
    if (!same && !foreign) {
      timer = setTimeout(() => {
        foreign = true
        fitFont()
      }, FOREIGN_AFTER_MS)
    }
    const share = Math.min(1, wanted.cols / term.cols, wanted.rows / term.rows)
    if (foreign && share < 1) {
      // A cell of whole pixels does not always shrink with its font.
      let size = Math.max(MIN_FONT, Math.floor(look.fontSize * share))
      for (setFont(size); size > MIN_FONT && !hasRoom(); setFont(size)) size -= 1
    }
    host.sized({ actual: { cols: term.cols, rows: term.rows }, wanted, foreign })
  }
  /** The emulator is as large as its text; the parent centres it when there is room left. */
  const framing = new ResizeObserver(([entry]) => {
    const screen = entry?.target
    if (!term.element || !(screen instanceof HTMLElement)) return
    term.element.style.width = `${screen.offsetWidth + SCROLLBAR}px`
    term.element.style.height = `${screen.offsetHeight}px`
  })
  const shown = term.element?.querySelector('.xterm-screen')
  if (shown) framing.observe(shown)

  const stopWatching = watchPixels(() => {
    const now = measureFont(fontFamily, look.fontSize)
    if (font && now.advance !== font.advance && font.fontSize === look.fontSize) {
      // Another font is there now: only another name makes the emulator measure again.
      term.options.fontFamily = 'monospace'
      term.options.fontFamily = fontFamily
    }
    fitFont()
  })

  return {
    /** The far end's view of this emulator. */
    screen: {
      // The far end waits until everything written before is parsed, so these need no queue.
      reset: (cols: number, rows: number) => {
        look = { ...look, settled: false }
        term.reset()
        term.resize(cols, rows)
        fitFont()
      },
      resize: (cols: number, rows: number) => {
        if (term.cols === cols && term.rows === rows) return
        look = { ...look, settled: false }
        term.resize(cols, rows)
        fitFont()
      },
      write: (bytes: Uint8Array, parsed: () => void, live: boolean) => {
        answering.push(live && host.mayAnswer())
        term.write(bytes, () => {
          answering.shift()
          parsed()
        })
      },
      gap: (lostBytes: number) => gapLabel(term, lostBytes),
    },
    fit: fitFont,
    wanted: () => wanted,
    setLook(next: EmulatorLook) {
      if (next.dark !== look.dark) term.options.theme = terminalPalette(next.dark)
      look = next
      fitFont()
    },
    focus: () => term.focus(),
    selection: () => term.getSelection(),
    clearSelection: () => term.clearSelection(),
    scrollToBottom: () => term.scrollToBottom(),
    scrollLines: (lines: number) => term.scrollLines(lines),
    /** A finger moved by so many px: through the scrollback, or as a wheel for the program that has the screen. */
    pan(pixels: number) {
      const screen = term.element?.querySelector<HTMLElement>('.xterm-screen')
      const lineHeight = screen ? screen.offsetHeight / term.rows : 0
      if (!screen || lineHeight === 0) return
      panned += pixels
      const lines = Math.trunc(panned / lineHeight)
      if (lines === 0) return
      panned -= lines * lineHeight
      if (term.buffer.active.type === 'normal' && term.modes.mouseTrackingMode === 'none') term.scrollLines(-lines)
      else
        screen.dispatchEvent(new WheelEvent('wheel', { deltaY: -lines * lineHeight, bubbles: true, cancelable: true }))
    },
    find(text: string, direction: 'next' | 'previous', options: FindOptions, typing: boolean) {
      if (text === '') {
        search.clearDecorations()
        term.clearSelection()
        host.found({ index: -1, count: 0 })
        return
      }
      const { match, active } = findColours(look.dark)
      const decorations = {
        matchBackground: match,
        matchOverviewRuler: match,
        activeMatchBackground: active,
        activeMatchColorOverviewRuler: active,
      }
      // The newest match first, anew with each letter. The add-on itself does not see that only the options changed.
      if (typing) {
        search.clearDecorations()
        term.clearSelection()
      }
      if (direction === 'next') search.findNext(text, { ...options, decorations })
      else search.findPrevious(text, { ...options, decorations })
    },
    endFind() {
      search.clearDecorations()
    },
    /** What a person can read, the newest `lines` of it, wrapped lines joined. */
    text: (lines: number) => bufferText(term, lines),
    modes: () => ({
      bracketedPaste: term.modes.bracketedPasteMode,
      applicationCursor: term.modes.applicationCursorKeysMode,
      fullScreen: term.buffer.active.type === 'alternate',
    }),
    setScreenReader(on: boolean) {
      term.options.screenReaderMode = on
    },
    dispose() {
      clearTimeout(timer)
      framing.disconnect()
      stopWatching()
      stopKeeping()
      parent.removeEventListener('paste', onPaste, true)
      term.dispose()
    },
  }
}

/**
 * Draws with the graphics processor where there is one; without it, or when it is lost, with elements. True when it does.
 */
function loadWebgl(term: Terminal, onLost: () => void): boolean {
  const webgl = new WebglAddon()
  webgl.onContextLoss(() => {
    webgl.dispose()
    onLost()
  })
  try {
    term.loadAddon(webgl)
    return true
  } catch {
    webgl.dispose()
    return false
  }
}

/** Calls when a font has come, or the page is on another screen or zoomed; the returned function ends it. */
function watchPixels(changed: () => void): () => void {
  let resolution: MediaQueryList | null = null
  const watch = () => {
    resolution = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`)
    resolution.addEventListener('change', next, { once: true })
  }
  const next = () => {
    watch()
    changed()
  }
  watch()
  document.fonts.addEventListener('loadingdone', changed)
  return () => {
    resolution?.removeEventListener('change', next)
    document.fonts.removeEventListener('loadingdone', changed)
  }
}

function bufferText(term: Terminal, lines: number): string {
  const buffer = term.buffer.active
  const out: string[] = []
  for (let at = Math.max(0, buffer.length - lines); at < buffer.length; at++) {
    const line = buffer.getLine(at)
    if (!line) continue
    const next = buffer.getLine(at + 1)
    const text = line.translateToString(!next?.isWrapped)
    if (line.isWrapped && out.length > 0) out[out.length - 1] += text
    else out.push(text)
  }
  return out.join('\n').trimEnd()
}
