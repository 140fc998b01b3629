const encoder = new TextEncoder()

/** One long text on its way: encoded piece by piece, never copied as a whole. */
export class PasteText {
  readonly suffix: string
  /** As it counts for going on after a lost connection, ms since the epoch. */
  at: number
  /** Offsets of the writer at which it begins and ends; null before its end was sent. */
  start = 0
  end: number | null = null
  readonly #parts: readonly [string, string, string]
  #part = 0
  /** Position in the present part, in UTF-16 units. */
  #unit = 0
  #restBytes: number | null = null

  constructor(text: string, prefix: string, suffix: string, at: number) {
    this.suffix = suffix
    this.at = at
    this.#parts = [prefix, text, suffix]
    this.#skipEmpty()
  }

  get done(): boolean {
    return this.#part === this.#parts.length
  }

  /** Progress of the text itself, in UTF-16 units. */
  get sent(): number {
    if (this.#part === 1) return this.#unit
    return this.#part === 0 ? 0 : this.total
  }
  get total(): number {
    return this.#parts[1].length
  }

  /** The next piece, at most `max` (at least 4) bytes of whole characters. */
  next(max: number): Uint8Array {
    const { bytes, read } = this.#units(max)
    this.#unit += read
    this.#skipEmpty()
    if (this.#restBytes !== null) this.#restBytes -= bytes.length
    return bytes
  }

  /** The same without going on. */
  peek(max: number): Uint8Array {
    return this.#units(max).bytes
  }

  /** UTF-8 bytes that were not taken yet. Counted once: the first call reads the whole rest. */
  restBytes(): number {
    this.#restBytes ??= this.#parts.reduce(
      (total, part, index) =>
        total + (index < this.#part ? 0 : utf8Length(part, index === this.#part ? this.#unit : 0)),
      0,
    )
    return this.#restBytes
  }

  #units(max: number): { bytes: Uint8Array; read: number } {
    const part = this.#parts[this.#part] ?? ''
    let end = Math.min(part.length, this.#unit + max)
    // A pair that is cut in two would become two replacement characters.
    if (end < part.length && isHigh(part.charCodeAt(end - 1))) end -= 1
    const buffer = new Uint8Array(max)
    const { read, written } = encoder.encodeInto(part.slice(this.#unit, end), buffer)
    return { bytes: buffer.subarray(0, written), read }
  }

  #skipEmpty(): void {
    while (this.#part < this.#parts.length && this.#unit >= (this.#parts[this.#part]?.length ?? 0)) {
      this.#part += 1
      this.#unit = 0
    }
  }
}

const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff

function utf8Length(text: string, from: number): number {
  let bytes = 0
  for (let index = from; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (isHigh(unit) && isLow(text.charCodeAt(index + 1))) {
      bytes += 4
      index += 1
    } else bytes += 3
  }
  return bytes
}
