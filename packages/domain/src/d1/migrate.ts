import { PilotError } from '../errors.ts'
import { type SqliteDatabase, transaction } from '../sqlite/port.ts'
import { storageError } from './errors.ts'

export interface Migration {
  /** File name, such as `0000_initial.sql`. */
  name: string
  sql: string
}

// The table that `wrangler d1 migrations apply` keeps, so that both targets record the same.
const TABLE = `create table if not exists d1_migrations (
  id integer primary key autoincrement, name text unique, applied_at timestamp default current_timestamp not null)`

/**
 * Applies what is missing, in order, in one transaction, and gives the names of what it applied. Forward only: a
 * database that knows a migration which is not in the list was written by a newer version and is refused
 * (UPGRADE_REQUIRED) before anything is touched. Two starters at once are safe: the second waits for the first.
 */
export function migrate(db: SqliteDatabase, migrations: readonly Migration[]): string[] {
  try {
    return transaction(db, () => {
      db.exec(TABLE)
      const known = db.query('select name from d1_migrations order by id').values()
      const applied = known.map(([name]) => String(name))
      if (applied.some((name, i) => migrations[i]?.name !== name)) {
        throw new PilotError(
          'UPGRADE_REQUIRED',
          'This database was written by a newer version of Pilot. Start that version, or a newer one.',
        )
      }
      const missing = migrations.slice(applied.length)
      for (const migration of missing) {
        db.exec(migration.sql)
        db.query('insert into d1_migrations (name) values (?)').run(migration.name)
      }
      return missing.map((migration) => migration.name)
    })
  } catch (error) {
    throw storageError(error)
  }
}
