/**
 * The synchronous SQLite that is injected wherever rows are kept on a machine. Its shape is the part of `bun:sqlite`'s
 * `Database` that we use, so that the real one is passed without a wrapper; tests pass `openNodeSqlite`.
 */
export type SqliteValue = string | number | bigint | boolean | null | Uint8Array

export interface SqliteStatement {
  all(...params: SqliteValue[]): unknown[]
  get(...params: SqliteValue[]): unknown
  values(...params: SqliteValue[]): unknown[][]
  run(...params: SqliteValue[]): { changes: number; lastInsertRowid: number | bigint }
  /** Empty for statements that return no rows. */
  readonly columnNames: string[]
}

export interface SqliteDatabase {
  /** A prepared statement, cached by its text. */
  query(sql: string): SqliteStatement
  exec(sql: string): unknown
  close(): void
}

/** Runs `work` in one immediate transaction; anything thrown rolls it back. Not reentrant. */
export function transaction<T>(db: SqliteDatabase, work: () => T): T {
  db.exec('begin immediate')
  try {
    const result = work()
    db.exec('commit')
    return result
  } catch (error) {
    try {
      db.exec('rollback')
    } catch {
      // SQLite has rolled back by itself, as it does on a full disk; `error` says why.
    }
    throw error
  }
}
