import type { CoreCell, CoreState } from './core-state.ts'

/** How the emulator packs colours and flags into the numbers of a cell. */
const COLOUR = 0x3ffffff
const MODE = 0x3000000
const PALETTE_16 = 0x1000000
const PALETTE_256 = 0x2000000
const UNDERLINE = 0x10000000
const EXTENDED = 0x10000000
const PROTECTED = 0x20000000
const STYLE = 0x1c000000
const STYLE_SHIFT = 26
const SINGLE = 1 << STYLE_SHIFT
/** Flags and the code that sets each. */
const FG_FLAGS = [
  [0x8000000, 1],
  [0x20000000, 5],
  [0x4000000, 7],
  [0x40000000, 8],
  [0x80000000, 9],
] as const
const BG_FLAGS = [
  [0x8000000, 2],
  [0x4000000, 3],
  [0x40000000, 53],
] as const
/** Flags that are seen in a cell without a character: inverse, underline, strikethrough; overline. */
const SEEN_FG = 0x94000000
const SEEN_BG = 0x40000000

/** What the next printed character looks like. */
export interface Rendition {
  fg: number
  bg: number
  /** Style and colour of the underline. */
  ext: number
  /** The emulator's number of a link, 0 for none. */
  link: number
}

export const PLAIN: Rendition = { fg: 0, bg: 0, ext: 0, link: 0 }

export function renditionOf({ fg, bg, extended }: CoreCell): Rendition {
  const own = (bg & EXTENDED) !== 0
  const kept = own ? extended._ext : 0
  // An underline without a style of its own is a single one.
  const ext = (fg & UNDERLINE) !== 0 && (kept & STYLE) === 0 ? kept | SINGLE : kept
  // The highest bit is a flag: as a cell keeps it, and as it is computed with, it has another sign.
  return { fg: fg | 0, bg: bg | 0, ext, link: own ? extended._urlId : 0 }
}

/** What is printed next. The colour of an underline is kept there while nothing is underlined. */
export function currentRendition({ fg, bg, extended }: CoreState['_inputHandler']['_curAttrData']): Rendition {
  const own = (bg & EXTENDED) !== 0
  return { fg: fg | 0, bg: bg | 0, ext: own ? extended._ext : extended._ext & COLOUR, link: extended._urlId }
}

/** The colour of an erased cell. */
export const backgroundOf = (bg: number) => bg & COLOUR

/** True for a cell without a character that shows more than its background. */
export const isSeen = ({ fg, bg }: { fg: number; bg: number }) => (fg & SEEN_FG) !== 0 || (bg & SEEN_BG) !== 0

const rendersSame = (one: Rendition, other: Rendition) =>
  one.fg === other.fg && one.bg === other.bg && one.ext === other.ext
export const isSame = (one: Rendition, other: Rendition) => rendersSame(one, other) && one.link === other.link

/** Writes sequences that change the rendition, none where it is the same already. */
export class Pen {
  #now: Rendition | null = PLAIN
  readonly #write: (text: string) => void
  readonly #link: (number: number) => string

  /** `link` gives the sequence that opens a link, or ends it for 0. */
  constructor(write: (text: string) => void, link: (number: number) => string) {
    this.#write = write
    this.#link = link
  }

  use(next: Rendition): void {
    const now = this.#now
    if (now?.link !== next.link) this.#write(this.#link(next.link))
    if (!now || !rendersSame(now, next)) this.#render(next)
    this.#now = next
  }

  /** For erasing: only the background counts, a link stays open. */
  background(colour: number): void {
    const now = this.#now
    if (now && backgroundOf(now.bg) === colour) return
    const next = { fg: 0, bg: colour, ext: 0, link: now?.link ?? 0 }
    this.#render(next)
    this.#now = next
  }

  /** Says the same once more, so that no character joins the one before. */
  separate(): void {
    if (this.#now) this.#render(this.#now)
  }

  /** Something else changed the rendition. */
  forget(): void {
    this.#now = null
  }

  #render(next: Rendition): void {
    this.#write(sequence(next))
    const isProtected = (next.bg & PROTECTED) !== 0
    if (isProtected || !this.#now || (this.#now.bg & PROTECTED) !== 0) this.#write(`\x1b[${isProtected ? 1 : 0}"q`)
  }
}

function sequence({ fg, bg, ext }: Rendition): string {
  const codes: string[] = []
  for (const [flag, code] of FG_FLAGS) if ((fg & flag) !== 0) codes.push(String(code))
  for (const [flag, code] of BG_FLAGS) if ((bg & flag) !== 0) codes.push(String(code))
  const style = (ext & STYLE) >>> STYLE_SHIFT
  if ((fg & UNDERLINE) !== 0 || style > 0) codes.push(style > 1 ? `4:${style}` : '4')
  codes.push(...colour(fg, 30), ...colour(bg, 40), ...colour(ext, 50))
  return codes.length === 0 ? '\x1b[m' : `\x1b[0;${codes.join(';')}m`
}

/** `base` is 30 for the foreground, 40 for the background, 50 for the underline. */
function colour(packed: number, base: number): string[] {
  const mode = packed & MODE
  if (mode === 0) return []
  const value = packed & 0xff
  if (mode === PALETTE_16) return [String(value < 8 ? base + value : base + 52 + value)]
  const [separator, space] = base === 50 ? [':', ':'] : [';', '']
  if (mode === PALETTE_256) return [`${base + 8}${separator}5${separator}${value}`]
  const rgb = [(packed >>> 16) & 0xff, (packed >>> 8) & 0xff, value].join(separator)
  return [`${base + 8}${separator}2${separator}${space}${rgb}`]
}
