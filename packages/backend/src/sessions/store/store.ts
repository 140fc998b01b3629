import { randomBytes } from 'node:crypto'
import { PilotError } from '@pilot/domain/errors'
import { type SqliteDatabase, transaction } from '@pilot/domain/sqlite/port'
import { type CommandRows, commandRows } from './command-rows.ts'
import { type EventRows, eventRows } from './event-rows.ts'
import { type OutputRows, outputRows } from './output-rows.ts'
import { type OwnershipRows, ownershipRows } from './ownership-rows.ts'
import { type Continuity, closeContinuity, openContinuity, openSchema } from './schema.ts'
import { type SessionRows, sessionRows } from './session-rows.ts'

/**
 * `synced` waits until the disk has it, for what is acknowledged to a person. `written` survives a crash of this process
 * but not always one of the operating system; then the epoch changes (`schema.ts`). A later `synced` covers it too.
 */
export type Durability = 'synced' | 'written'

/** Everything the sessions of this machine keep. One connection, one writer; all calls are synchronous. */
export interface SessionStore {
  readonly sessions: SessionRows
  readonly events: EventRows
  readonly commands: CommandRows
  readonly ownership: OwnershipRows
  readonly outputs: OutputRows
  readonly boot_id: string
  /**
   * Runs `work` in one transaction. Not reentrant. What throws rolls everything back; a full disk is STORAGE_FULL.
   */
  commit<T>(durability: Durability, work: () => T): T
  /** Ends the use of the file in good order. The database itself is closed by whoever opened it. */
  close(): void
}

/** An epoch of a journal. Later ones compare greater as strings. */
export function newEpoch(): string {
  return `${Date.now().toString(36).padStart(9, '0')}${randomBytes(4).toString('hex')}`
}

/** Opens the tables of the session service, migrating them. Throws UPGRADE_REQUIRED when the file is of a newer version. */
export function openSessionStore(db: SqliteDatabase, continuity: Continuity): SessionStore {
  openSchema(db)
  openContinuity(db, continuity, newEpoch)
  return {
    sessions: sessionRows(db),
    events: eventRows(db),
    commands: commandRows(db),
    ownership: ownershipRows(db),
    outputs: outputRows(db),
    boot_id: continuity.boot_id,
    commit(durability, work) {
      try {
        if (durability === 'synced') return transaction(db, work)
        // Back to full at once: other parts of the runtime write through the same connection.
        db.exec('pragma synchronous = normal')
        try {
          return transaction(db, work)
        } finally {
          db.exec('pragma synchronous = full')
        }
      } catch (error) {
        throw storageError(error)
      }
    },
    close() {
      closeContinuity(db)
    },
  }
}

function storageError(error: unknown): unknown {
  const full = error instanceof Error && /disk is full|SQLITE_FULL|ENOSPC/i.test(error.message)
  return full ? new PilotError('STORAGE_FULL', undefined, undefined, { cause: error }) : error
}
