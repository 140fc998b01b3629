import { chmod } from 'node:fs/promises'
import { PilotError } from '@pilot/domain/errors'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'

/** Version of the tables that the runtime keeps beside those of its sessions, which have a version of their own. */
const SCHEMA_VERSION = 1

/** Opens `runtime.db`, private to this user. Throws UPGRADE_REQUIRED, without touching it, when a newer version wrote it. */
export async function openRuntimeDatabase(
  file: string,
  open: (file: string) => SqliteDatabase,
): Promise<SqliteDatabase> {
  const db = open(file)
  try {
    await chmod(file, 0o600)
    const version = Number(db.query('pragma user_version').values()[0]?.[0] ?? 0)
    if (version > SCHEMA_VERSION) {
      throw new PilotError(
        'UPGRADE_REQUIRED',
        'The data of this machine was written by a newer version of Pilot. Install that version again.',
      )
    }
    db.exec('pragma busy_timeout = 5000')
    db.exec('pragma journal_mode = wal')
    db.exec('pragma synchronous = full')
    if (version < SCHEMA_VERSION) db.exec(`pragma user_version = ${SCHEMA_VERSION}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
