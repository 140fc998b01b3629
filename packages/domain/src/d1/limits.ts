/** What Cloudflare D1 refuses. The self-hosted database refuses the same, so that both run the same code. */
export const D1_LIMITS = {
  /** Bound variables of one statement. */
  variables: 100,
  /** Bytes (UTF-8) of one statement's text. */
  statement_bytes: 100_000,
  /** Columns of a table, and of a result. */
  columns: 100,
  /** Bytes of a value and of a row. */
  row_bytes: 2_000_000,
  /** Bytes of a LIKE or GLOB pattern. */
  pattern_bytes: 50,
} as const

/** A statement that D1 would refuse: a mistake of ours, never of a client. */
export class D1LimitError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'D1LimitError'
  }
}
