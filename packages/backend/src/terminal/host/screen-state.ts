import { GraphicRendition } from './graphic-rendition.ts'
import type { CsiParams } from './vt-scanner.ts'

/** What a saved cursor keeps beside its position. */
export interface SavedCursor {
  rendition: GraphicRendition
  charset: number
  mixed: boolean
}

/** DEC private modes that are on by default (7 wraps lines, 25 shows the cursor) or off, and outlive what is drawn. */
const PRIVATE_MODES = new Map<number, boolean>([
  [1, false],
  [5, false],
  [7, true],
  [12, false],
  [25, true],
  [45, false],
  [66, false],
  [1004, false],
  [2004, false],
])
/** Mouse reports: the last one that was set counts, and so do the two groups apart. */
const MOUSE = new Set([9, 1000, 1002, 1003])
const MOUSE_ENCODING = new Set([1005, 1006, 1015, 1016])
const CHARSETS = new Set('0AB4C5RQKYE6ZH7='.split('').map((flag) => flag.charCodeAt(0)))
const DESIGNATORS = ['(', ')', '*', '+']
const LOCKING_SHIFTS = ['\x0f', '\x0e', '\x1bn', '\x1bo']
const US_ASCII = 0x42

const encoder = new TextEncoder()

/** What a screen knows beside its cells and its cursor: whatever output after this point is drawn with. */
export class ScreenState {
  readonly rendition = new GraphicRendition()
  /** Modes that differ from their default. */
  #changed = new Set<number>()
  #mouse = 0
  #mouseEncoding = 0
  #charsets = [US_ASCII, US_ASCII, US_ASCII, US_ASCII]
  #shift = 0
  /** The set that characters are drawn from. A restored cursor brings its own, whatever the shift says. */
  #active = US_ASCII
  /** A restored cursor left a mixture of its own underline and the present one. */
  #mixed = false
  insert = false
  /** A line feed returns the carriage, too. */
  lineFeedReturns = false
  /** Origin mode, synchronized output, and the alternate screen: no replay begins while one is on. */
  origin = false
  synchronized = false
  alternate = false
  /** A scroll region smaller than the screen, and tab stops other than the default ones. */
  region = false
  customTabs = false
  link = false
  cursorStyle = 0

  clone(): ScreenState {
    const copy = new ScreenState()
    copy.rendition.copyFrom(this.rendition)
    copy.#changed = new Set(this.#changed)
    copy.#mouse = this.#mouse
    copy.#mouseEncoding = this.#mouseEncoding
    copy.#charsets = [...this.#charsets]
    copy.#shift = this.#shift
    copy.#active = this.#active
    copy.#mixed = this.#mixed
    copy.insert = this.insert
    copy.lineFeedReturns = this.lineFeedReturns
    copy.cursorStyle = this.cursorStyle
    return copy
  }

  /** A DEC private mode was set or reset. Those that move the cursor or change the screen are the tracker's affair. */
  privateMode(mode: number, on: boolean): void {
    const initial = PRIVATE_MODES.get(mode)
    if (initial !== undefined) {
      if (on === initial) this.#changed.delete(mode)
      else this.#changed.add(mode)
    } else if (MOUSE.has(mode)) this.#mouse = on ? mode : 0
    else if (MOUSE_ENCODING.has(mode)) this.#mouseEncoding = on ? mode : 0
    else if (mode === 6) this.origin = on
    else if (mode === 2026) this.synchronized = on
    else if (mode === 2 && on) {
      this.#charsets.fill(US_ASCII)
      this.#active = US_ASCII
    }
  }

  hasMode(mode: number): boolean {
    const initial = PRIVATE_MODES.get(mode) ?? false
    return this.#changed.has(mode) !== initial
  }

  /**
   * What DECRQM is told, as the emulator of a tab tells it: 0 unknown, 1 set, 2 reset, 3 always set, 4 never set. `dec`
   * for the private modes.
   */
  modeReport(mode: number, dec: boolean): number {
    const report = (on: boolean) => (on ? 1 : 2)
    if (!dec) {
      if (mode === 4) return report(this.insert)
      if (mode === 20) return report(this.lineFeedReturns)
      return mode === 2 ? 4 : mode === 12 ? 3 : 0
    }
    if (MOUSE.has(mode)) return report(this.#mouse === mode)
    if (mode === 1006 || mode === 1016) return report(this.#mouseEncoding === mode)
    if (mode === 6) return report(this.origin)
    if (mode === 47 || mode === 1047 || mode === 1049) return report(this.alternate)
    if (mode === 2026) return report(this.synchronized)
    if (mode === 8) return 3
    if (mode === 67 || mode === 1005 || mode === 1015) return 4
    if (mode === 1048) return 1
    return PRIVATE_MODES.has(mode) && mode !== 5 ? report(this.hasMode(mode)) : 0
  }

  keypad(application: boolean): void {
    this.privateMode(66, application)
  }

  designate(intermediate: string, final: number): void {
    const set = intermediate === '-' ? 1 : intermediate === '.' ? 2 : DESIGNATORS.indexOf(intermediate)
    if (set < 0 || !CHARSETS.has(final)) return
    this.#charsets[set] = final
    if (set === this.#shift) this.#active = final
  }

  /** ASCII again in the set that is in use. */
  defaultCharset(): void {
    this.#shift = 0
    this.#charsets[0] = US_ASCII
    this.#active = US_ASCII
  }

  shift(set: number): void {
    this.#shift = set
    this.#active = this.#charsets[set] ?? US_ASCII
  }

  /** A rendition was set by the program. */
  render(params: CsiParams): void {
    this.rendition.apply(params)
    if (params.length === 1 && params.get(0) === 0) this.#mixed = false
  }

  /** What a saved cursor keeps beside its position. */
  saveCursor(): SavedCursor {
    const rendition = new GraphicRendition()
    rendition.copyFrom(this.rendition)
    return { rendition, charset: this.#active, mixed: this.#mixed }
  }

  /** `saved` is null when none was saved: the default comes back then. */
  restoreCursor(saved: SavedCursor | null): void {
    const rendition = saved?.rendition ?? new GraphicRendition()
    // Colours and simple attributes come back, the style and the colour of an underline do not.
    this.#mixed = (saved?.mixed ?? false) || this.#mixed || rendition.styled || this.rendition.styled
    this.rendition.copyFrom(rendition)
    this.#active = saved?.charset ?? US_ASCII
  }

  /** True when `sequences` tells all of this state, and no replay from here would miss anything. */
  get tellable(): boolean {
    if (this.alternate || this.region || this.origin || this.synchronized || this.customTabs || this.link) return false
    return !this.#mixed && this.#active === this.#charsets[this.#shift]
  }

  /** DECSTR: what a program asks for that found a mess. Mouse reports, cursor and tab stops stay. */
  softReset(): void {
    this.rendition.reset()
    this.#changed.clear()
    this.#charsets.fill(US_ASCII)
    this.#shift = 0
    this.#active = US_ASCII
    this.#mixed = false
    this.insert = false
    this.origin = false
    this.synchronized = false
    this.region = false
    this.cursorStyle = 0
  }

  /** RIS: everything is as in a fresh emulator. */
  reset(): void {
    this.softReset()
    this.#mouse = 0
    this.#mouseEncoding = 0
    this.alternate = false
    this.lineFeedReturns = false
    this.customTabs = false
    this.link = false
  }

  /** What brings a fresh emulator into this state, without touching its cells. */
  sequences(): Uint8Array {
    let text = ''
    for (const mode of this.#changed) text += `\x1b[?${mode}${PRIVATE_MODES.get(mode) ? 'l' : 'h'}`
    if (this.#mouse) text += `\x1b[?${this.#mouse}h`
    if (this.#mouseEncoding) text += `\x1b[?${this.#mouseEncoding}h`
    if (this.insert) text += '\x1b[4h'
    if (this.lineFeedReturns) text += '\x1b[20h'
    if (this.cursorStyle) text += `\x1b[${this.cursorStyle} q`
    this.#charsets.forEach((final, set) => {
      if (final !== US_ASCII) text += `\x1b${DESIGNATORS[set]}${String.fromCharCode(final)}`
    })
    if (this.#shift) text += LOCKING_SHIFTS[this.#shift]
    return encoder.encode(text + this.rendition.sequence())
  }
}
