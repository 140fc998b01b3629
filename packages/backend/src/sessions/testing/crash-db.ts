import type { SqliteDatabase, SqliteValue } from '@pilot/domain/sqlite/port'

/** What a killed process does not get to see. */
export class Killed extends Error {}

/**
 * A database whose process is killed at its n-th commit, just before it or just after. From then on nothing of that
 * process takes effect any more; the rows stay for the next one.
 */
export function crashDb(
  db: SqliteDatabase,
  at: { commit: number; when: 'before' | 'after' } | null,
  onKill: () => void,
): SqliteDatabase & { commits(): number } {
  let commits = 0
  let dead = false
  const kill = () => {
    dead = true
    onKill()
    throw new Killed('killed')
  }
  const alive = () => {
    if (dead) throw new Killed('killed')
  }
  return {
    commits: () => commits,
    close: () => undefined,
    query(sql) {
      alive()
      const statement = db.query(sql)
      const guard = <P extends SqliteValue[], R>(call: (...params: P) => R) => {
        return (...params: P): R => {
          alive()
          return call(...params)
        }
      }
      return {
        columnNames: statement.columnNames,
        all: guard(statement.all),
        get: guard(statement.get),
        values: guard(statement.values),
        run: guard(statement.run),
      }
    },
    exec(sql) {
      alive()
      if (sql !== 'commit') return db.exec(sql)
      commits += 1
      if (at?.commit === commits && at.when === 'before') {
        db.exec('rollback')
        kill()
      }
      db.exec(sql)
      if (at?.commit === commits) kill()
    },
  }
}
