import { type SqliteDatabase, type SqliteStatement, transaction } from '../sqlite/port.ts'
import { storageError } from './errors.ts'
import { D1_LIMITS, D1LimitError } from './limits.ts'
import { type StatementFacts, scanStatement } from './scan.ts'

/** What a bound variable may be. `undefined`, `bigint` and objects are refused, as D1 does. */
export type D1Value = string | number | boolean | null | Uint8Array | ArrayBuffer

export interface D1FacadeResult {
  success: true
  results: Record<string, unknown>[]
  meta: { changes: number; last_row_id: number; duration: number }
}

const FORBIDDEN = new Set(['begin', 'commit', 'end', 'rollback', 'savepoint', 'release', 'attach', 'detach', 'vacuum'])
const READS = new Set(['select', 'values', 'explain', 'pragma'])
const utf8 = new TextEncoder()
/** Statements whose facts are kept. The code has fewer texts than this; what is built from lists may have more. */
const MAX_KNOWN = 500

function sizeOf(value: D1Value): number {
  // A UTF-16 unit takes at most three bytes, so short strings need no encoding.
  if (typeof value === 'string') return value.length * 3 < 1_000 ? value.length : utf8.encode(value).byteLength
  return value instanceof Uint8Array || value instanceof ArrayBuffer ? value.byteLength : 8
}

function accepted(value: unknown): D1Value {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return value
  throw new D1LimitError(`a value of type ${typeof value} cannot be bound`)
}

const toSqlite = (value: D1Value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value)

/** One prepared statement. `bind` gives a new one; nothing is executed before `all`, `run`, `raw` or `first`. */
export class D1FacadeStatement {
  readonly #db: SqliteDatabase
  readonly #sql: string
  readonly #facts: StatementFacts
  readonly #values: readonly D1Value[]

  constructor(db: SqliteDatabase, sql: string, facts: StatementFacts, values: readonly D1Value[] = []) {
    this.#db = db
    this.#sql = sql
    this.#facts = facts
    this.#values = values
  }

  /** Throws D1LimitError for what D1 would refuse: too many, too large, or of a type it does not know. */
  bind(...values: unknown[]): D1FacadeStatement {
    if (values.length > D1_LIMITS.variables) {
      throw new D1LimitError(`${values.length} bound variables, at most ${D1_LIMITS.variables} are allowed`)
    }
    if (values.length !== this.#facts.placeholders) {
      throw new D1LimitError(`${values.length} values for ${this.#facts.placeholders} placeholders`)
    }
    const bound = values.map(accepted)
    // The sum over the statement bounds every single row and value.
    if (bound.reduce((sum: number, value) => sum + sizeOf(value), 0) > D1_LIMITS.row_bytes) {
      throw new D1LimitError(`bound values exceed ${D1_LIMITS.row_bytes} bytes`)
    }
    for (const pattern of this.#facts.patterns) {
      const size = pattern.placeholders.reduce((sum, i) => sum + sizeOf(bound[i] ?? null), pattern.literal_bytes)
      if (size > D1_LIMITS.pattern_bytes) {
        throw new D1LimitError(`a LIKE or GLOB pattern exceeds ${D1_LIMITS.pattern_bytes} bytes`)
      }
    }
    return new D1FacadeStatement(this.#db, this.#sql, this.#facts, bound)
  }

  /** Executes at once, within whatever transaction is open. For the facade's own batch. */
  execute(): D1FacadeResult {
    const statement = this.#statement()
    const values = this.#values.map(toSqlite)
    if (statement.columnNames.length === 0) {
      const { changes, lastInsertRowid } = statement.run(...values)
      return { success: true, results: [], meta: { changes, last_row_id: Number(lastInsertRowid), duration: 0 } }
    }
    if (new Set(statement.columnNames).size !== statement.columnNames.length) {
      // D1 gives rows as objects here and would silently lose all but the last of them.
      throw new D1LimitError('two result columns have the same name; give them aliases')
    }
    const results = statement.all(...values) as Record<string, unknown>[]
    const changes = READS.has(this.#facts.verb) ? 0 : results.length
    return { success: true, results, meta: { changes, last_row_id: 0, duration: 0 } }
  }

  async all(): Promise<D1FacadeResult> {
    return guarded(() => this.execute())
  }

  async run(): Promise<D1FacadeResult> {
    return guarded(() => this.execute())
  }

  async raw(): Promise<unknown[][]> {
    return guarded(() => {
      const statement = this.#statement()
      const values = this.#values.map(toSqlite)
      if (statement.columnNames.length > 0) return statement.values(...values)
      statement.run(...values)
      return []
    })
  }

  async first(column?: string): Promise<unknown> {
    const row = (await this.all()).results[0]
    if (row === undefined) return null
    return column === undefined ? row : (row[column] ?? null)
  }

  #statement(): SqliteStatement {
    if (this.#values.length !== this.#facts.placeholders) {
      throw new D1LimitError(`${this.#values.length} values for ${this.#facts.placeholders} placeholders`)
    }
    const statement = this.#db.query(this.#sql)
    if (statement.columnNames.length > D1_LIMITS.columns) {
      throw new D1LimitError(`${statement.columnNames.length} result columns, at most ${D1_LIMITS.columns} are allowed`)
    }
    return statement
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw storageError(error)
  }
}

/**
 * A synchronous SQLite in the shape of a D1 binding, with D1's limits: what runs here runs there. Transactions exist
 * only as `batch`, which is atomic. Foreign keys are switched on.
 */
export class D1Facade {
  readonly #db: SqliteDatabase
  /** Facts by text, oldest first: a query builder writes the same few texts over and over. */
  readonly #known = new Map<string, StatementFacts>()

  constructor(db: SqliteDatabase) {
    this.#db = db
    db.exec('pragma foreign_keys = on')
  }

  prepare(sql: string): D1FacadeStatement {
    const known = this.#known.get(sql)
    if (known) return new D1FacadeStatement(this.#db, sql, known)
    if (utf8.encode(sql).byteLength > D1_LIMITS.statement_bytes) {
      throw new D1LimitError(`a statement exceeds ${D1_LIMITS.statement_bytes} bytes`)
    }
    const facts = scanStatement(sql)
    if (FORBIDDEN.has(facts.verb)) throw new D1LimitError(`"${facts.verb}" is not available; use batch`)
    if (facts.several) throw new D1LimitError('one statement at a time; use batch')
    if (facts.patterns.some((pattern) => pattern.literal_bytes > D1_LIMITS.pattern_bytes)) {
      throw new D1LimitError(`a LIKE or GLOB pattern exceeds ${D1_LIMITS.pattern_bytes} bytes`)
    }
    if (this.#known.size >= MAX_KNOWN) {
      const [oldest] = this.#known.keys()
      if (oldest !== undefined) this.#known.delete(oldest)
    }
    this.#known.set(sql, facts)
    return new D1FacadeStatement(this.#db, sql, facts)
  }

  /** All statements in one immediate transaction: all of them happen or none. */
  async batch(statements: D1FacadeStatement[]): Promise<D1FacadeResult[]> {
    return guarded(() => transaction(this.#db, () => statements.map((statement) => statement.execute())))
  }
}
