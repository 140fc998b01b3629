import type { SizeAt } from '@pilot/protocol/terminal/model'

const MAX_SIZES = 1_000

/** The sizes that a terminal took, by the output offset from which each holds. */
export class SizeHistory {
  #sizes: SizeAt[]

  constructor(first: SizeAt) {
    this.#sizes = [first]
  }

  /** True when this is news. */
  add(size: SizeAt): boolean {
    const last = this.#sizes.at(-1)
    if (last && size.offset < last.offset) return false
    if (last?.offset === size.offset) {
      if (last.cols === size.cols && last.rows === size.rows) return false
      this.#sizes.pop()
    }
    this.#sizes.push({ offset: size.offset, cols: size.cols, rows: size.rows })
    if (this.#sizes.length > MAX_SIZES) this.#sizes.shift()
    return true
  }

  /** The size at `offset`, as far back as is known. */
  at(offset: number): SizeAt {
    const known = this.#sizes.findLast((size) => size.offset <= offset) ?? this.#sizes[0]
    if (!known) throw new Error('a terminal has a size')
    return known
  }

  after(offset: number): SizeAt[] {
    return this.#sizes.filter((size) => size.offset > offset)
  }

  before(offset: number): SizeAt[] {
    return this.#sizes.filter((size) => size.offset < offset)
  }
}
