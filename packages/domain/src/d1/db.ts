import { type AnyD1Database, type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'
import { MIGRATIONS } from '../migrations.gen.ts'
import * as schema from '../schema/index.ts'
import type { SqliteDatabase } from '../sqlite/port.ts'
import { D1Facade } from './facade.ts'
import { migrate } from './migrate.ts'

/** The control plane's database, on either target. `batch` is its only transaction. */
export type PilotDb = DrizzleD1Database<typeof schema>

/** The database over a D1 binding, or over a `D1Facade`. */
export function pilotDb(client: AnyD1Database): PilotDb {
  return drizzle(client, { schema })
}

/** Settings of every SQLite file that we keep: readers beside one writer, and what was committed survives a power cut. */
export function preparePragmas(db: SqliteDatabase): void {
  // First, so that a second process waits for the others instead of failing.
  db.exec('pragma busy_timeout = 5000')
  db.exec('pragma journal_mode = wal')
  db.exec('pragma synchronous = full')
  db.exec('pragma foreign_keys = on')
}

/**
 * Makes an opened SQLite file the control plane's database: pragmas, migrations, the D1 facade. Throws UPGRADE_REQUIRED
 * for a database of a newer version and STORAGE_FULL when the disk is full.
 */
export function openPilotDb(sqlite: SqliteDatabase): PilotDb {
  preparePragmas(sqlite)
  migrate(sqlite, MIGRATIONS)
  // The facade has what the query builder calls, not all that the platform's own type lists.
  return pilotDb(new D1Facade(sqlite) as unknown as AnyD1Database)
}

/** Rows that a `run()` changed, on either target. */
export function changedRows(result: { meta?: { changes?: number } }): number {
  return result.meta?.changes ?? 0
}
