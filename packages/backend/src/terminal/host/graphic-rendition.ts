import type { CsiParams } from './vt-scanner.ts'

const DEFAULT = -1
const PALETTE_16 = 0
const PALETTE_256 = 0x100
const RGB = 0x1000000

/** Flags in the order of the SGR number that sets each. */
const FLAGS: [flag: number, code: number][] = [
  [0x01, 1],
  [0x02, 2],
  [0x04, 3],
  [0x08, 5],
  [0x10, 7],
  [0x20, 8],
  [0x40, 9],
  [0x80, 53],
]
const SETS = new Map<number, number>(FLAGS.map(([flag, code]) => [code, flag]))
const CLEARS = new Map<number, number>([
  [22, 0x03],
  [23, 0x04],
  [25, 0x08],
  [27, 0x10],
  [28, 0x20],
  [29, 0x40],
  [55, 0x80],
])

/** Colours and attributes that the next printed character gets. */
export class GraphicRendition {
  flags = 0
  /** 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed. */
  underline = 0
  foreground = DEFAULT
  background = DEFAULT
  underlineColor = DEFAULT

  /** True with an underline that has a style or a colour. */
  get styled(): boolean {
    return this.underline > 1 || this.underlineColor !== DEFAULT
  }

  reset(): void {
    this.flags = 0
    this.underline = 0
    this.foreground = DEFAULT
    this.background = DEFAULT
    this.underlineColor = DEFAULT
  }

  copyFrom(other: GraphicRendition): void {
    this.flags = other.flags
    this.underline = other.underline
    this.foreground = other.foreground
    this.background = other.background
    this.underlineColor = other.underlineColor
  }

  apply(params: CsiParams): void {
    let i = 0
    while (i < params.length) {
      const code = params.get(i)
      let subs = 0
      while (i + 1 + subs < params.length && params.sub[i + 1 + subs] === 1) subs += 1
      if (code === 38 || code === 48 || code === 58) {
        i = this.#color(params, i, code, subs)
        continue
      }
      this.#simple(code, subs > 0 ? params.get(i + 1) : -1)
      i += 1 + subs
    }
  }

  /** One control sequence that turns the default rendition into this one; empty for the default. */
  sequence(): string {
    const codes = FLAGS.filter(([flag]) => this.flags & flag).map(([, code]) => String(code))
    if (this.underline > 0) codes.push(this.underline === 1 ? '4' : `4:${this.underline}`)
    if (this.foreground !== DEFAULT) codes.push(colorCode(this.foreground, 30))
    if (this.background !== DEFAULT) codes.push(colorCode(this.background, 40))
    if (this.underlineColor !== DEFAULT) codes.push(colorCode(this.underlineColor, 50))
    return codes.length > 0 ? `\x1b[${codes.join(';')}m` : ''
  }

  #simple(code: number, sub: number): void {
    const set = SETS.get(code)
    if (set !== undefined) {
      this.flags |= set
      return
    }
    const clear = CLEARS.get(code)
    if (clear !== undefined) this.flags &= ~clear
    else if (code === 0) this.reset()
    else if (code === 4) this.underline = sub === -1 || sub > 5 ? 1 : sub
    else if (code === 6) this.flags |= 0x08
    else if (code === 21) this.underline = 2
    else if (code === 24) this.underline = 0
    else if (code >= 30 && code <= 37) this.foreground = PALETTE_16 + code - 30
    else if (code >= 90 && code <= 97) this.foreground = PALETTE_16 + code - 82
    else if (code === 39) this.foreground = DEFAULT
    else if (code >= 40 && code <= 47) this.background = PALETTE_16 + code - 40
    else if (code >= 100 && code <= 107) this.background = PALETTE_16 + code - 92
    else if (code === 49) this.background = DEFAULT
    else if (code === 59) this.underlineColor = DEFAULT
    else if (code === 100) this.reset()
  }

  /** 38, 48 and 58 in their three spellings: with colons, with semicolons, mixed. Returns the index after them. */
  #color(params: CsiParams, at: number, code: number, subs: number): number {
    const kind = params.get(at + 1)
    let color: number | null = null
    let next = at + 1 + subs
    if (subs > 0) {
      if (kind === 5 && subs >= 2) color = PALETTE_256 + (params.get(at + 2) & 0xff)
      // A colour space may stand between the kind and the three parts.
      else if (kind === 2 && subs >= 4) color = rgb(params, at + (subs >= 5 ? 3 : 2))
    } else {
      if (kind === 5) {
        color = PALETTE_256 + (params.get(at + 2) & 0xff)
        next = at + 3
      } else if (kind === 2) {
        color = rgb(params, at + 2)
        next = at + 5
      } else next = at + 2
    }
    if (color !== null) {
      if (code === 38) this.foreground = color
      else if (code === 48) this.background = color
      else this.underlineColor = color
    }
    return next
  }
}

const rgb = (params: CsiParams, at: number) =>
  RGB + ((params.get(at) & 0xff) << 16) + ((params.get(at + 1) & 0xff) << 8) + (params.get(at + 2) & 0xff)

/** `base` is 30 for the foreground, 40 for the background, 50 for the underline. */
function colorCode(color: number, base: number): string {
  if (color >= RGB) {
    const value = color - RGB
    return `${base + 8}:2::${value >> 16}:${(value >> 8) & 0xff}:${value & 0xff}`
  }
  if (color >= PALETTE_256) return `${base + 8}:5:${color - PALETTE_256}`
  return String(color < 8 ? base + color : base + 52 + color)
}
