import type { SizeAt } from '@pilot/protocol/terminal/model'
import { COLS_MAX, COLS_MIN, ROWS_MAX, ROWS_MIN, SIZES_MAX } from './limits.ts'

/** Brings a size into the range that a program may be told. */
export function clampSize(cols: number, rows: number): { cols: number; rows: number } {
  const clamp = (value: number, min: number, max: number) => Math.min(max, Math.max(min, Math.trunc(value) || min))
  return { cols: clamp(cols, COLS_MIN, COLS_MAX), rows: clamp(rows, ROWS_MIN, ROWS_MAX) }
}

/** Sizes that a terminal had, by the offset from which each holds. */
export class Sizes {
  #sizes: SizeAt[]

  constructor(cols: number, rows: number) {
    this.#sizes = [{ offset: 0, cols, rows }]
  }

  get last(): SizeAt {
    return this.#sizes[this.#sizes.length - 1] ?? { offset: 0, cols: COLS_MIN, rows: ROWS_MIN }
  }

  add(offset: number, cols: number, rows: number): void {
    // Two sizes at one offset: nothing was drawn between them.
    if (this.last.offset === offset) this.#sizes.pop()
    this.#sizes.push({ offset, cols, rows })
    if (this.#sizes.length > SIZES_MAX) this.#sizes.shift()
  }

  /** The size in force before anything at `offset` is drawn, null when that is no longer known. */
  at(offset: number): SizeAt | null {
    return this.#sizes.findLast((size) => size.offset <= offset) ?? null
  }

  after(offset: number): SizeAt[] {
    return this.#sizes.filter((size) => size.offset > offset)
  }

  /** Offset of the oldest size that is known. */
  get oldest(): number {
    return this.#sizes[0]?.offset ?? 0
  }
}
