import { readFile, rm, writeFile } from 'node:fs/promises'
import { PilotError } from '@pilot/domain/errors'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'

/**
 * Holds the data directory for this process alone. The lock is SQLite's own on a small file: the system releases it
 * when the process ends, however it ends, so there is never a stale one. Throws CONFLICT with the holder's pid.
 */
export async function lockDataDirectory(
  file: string,
  openDatabase: (file: string) => SqliteDatabase,
): Promise<{ release: () => Promise<void> }> {
  const db = openDatabase(file)
  try {
    db.exec('pragma busy_timeout = 0')
    db.exec('begin exclusive')
  } catch (cause) {
    db.close()
    const pid = await readFile(`${file}.pid`, 'utf8').catch(() => '')
    const who = /^\d+$/.test(pid) ? ` (process ${pid})` : ''
    throw new PilotError(
      'CONFLICT',
      `A runtime is already working on this data directory${who}. Stop it first.`,
      undefined,
      {
        cause,
      },
    )
  }
  await writeFile(`${file}.pid`, String(process.pid), { mode: 0o600 })
  return {
    async release() {
      await rm(`${file}.pid`, { force: true })
      db.exec('rollback')
      db.close()
    },
  }
}
