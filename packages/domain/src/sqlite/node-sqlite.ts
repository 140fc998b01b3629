import { DatabaseSync } from 'node:sqlite'
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './port.ts'

type NodeValue = string | number | bigint | null | Uint8Array
const bind = (params: SqliteValue[]): NodeValue[] => params.map((v) => (typeof v === 'boolean' ? Number(v) : v))

/** `node:sqlite` behind the SQLite port: for tests and tools, which run on Node. */
export function openNodeSqlite(file = ':memory:'): SqliteDatabase {
  const raw = new DatabaseSync(file)
  const cache = new Map<string, SqliteStatement>()
  return {
    exec: (sql) => raw.exec(sql),
    close: () => raw.close(),
    query(sql) {
      const known = cache.get(sql)
      if (known) return known
      const rows = raw.prepare(sql)
      const arrays = raw.prepare(sql)
      arrays.setReturnArrays(true)
      const statement: SqliteStatement = {
        columnNames: rows.columns().map((column) => column.name ?? ''),
        all: (...params) => rows.all(...bind(params)),
        get: (...params) => rows.get(...bind(params)) ?? null,
        values: (...params) => arrays.all(...bind(params)) as unknown as unknown[][],
        run: (...params) => {
          const { changes, lastInsertRowid } = rows.run(...bind(params))
          return { changes: Number(changes), lastInsertRowid }
        },
      }
      cache.set(sql, statement)
      return statement
    },
  }
}
