import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'

/**
 * OpenCode keeps a copy of every state that every part ever had and never deletes one: its database grows by a multiple
 * of what the sessions hold. Sessions do not need the copies; they may go while no process uses the file.
 */

const databaseFile = (root: string): string => join(root, 'data', 'opencode', 'opencode.db')

/** Bytes of the engine's database with what is not yet merged into it; 0 when there is none. */
export async function historyBytes(root: string): Promise<number> {
  const file = databaseFile(root)
  const sizes = await Promise.all(
    [file, `${file}-wal`].map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Deletes the copies and gives their space back. The process must have ended. Gives the bytes before and after. */
export async function pruneHistory(
  root: string,
  open: (file: string) => SqliteDatabase,
): Promise<{ before: number; after: number }> {
  const before = await historyBytes(root)
  if (before === 0) return { before, after: before }
  const db = open(databaseFile(root))
  try {
    const known = db.query("select 1 from sqlite_master where type = 'table' and name = 'event'").values().length > 0
    if (!known) return { before, after: before }
    db.exec('pragma busy_timeout = 1000')
    db.exec('delete from event')
    db.exec('vacuum')
    db.query('pragma wal_checkpoint(truncate)').all()
  } finally {
    db.close()
  }
  return { before, after: await historyBytes(root) }
}
