import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import type { OwnedKind, Owner, SessionId, WorkspaceId } from './rows.ts'

/** Which of our sessions an id of the engine belongs to. What is not in here does not exist for anybody. */
export interface OwnershipRows {
  claim(kind: OwnedKind, externalId: string, owner: Owner): void
  owner(kind: OwnedKind, externalId: string): Owner | null
  removeAll(session: SessionId): void
}

export function ownershipRows(db: SqliteDatabase): OwnershipRows {
  return {
    claim(kind, externalId, owner) {
      db.query('insert into ownership values (?, ?, ?, ?) on conflict do nothing').run(
        kind,
        externalId,
        owner.session_id,
        owner.workspace_id,
      )
    },
    owner(kind, externalId) {
      const row = db
        .query('select session_id, workspace_id from ownership where kind = ? and external_id = ?')
        .values(kind, externalId)[0]
      return row ? { session_id: String(row[0]) as SessionId, workspace_id: String(row[1]) as WorkspaceId } : null
    },
    removeAll(session) {
      db.query('delete from ownership where session_id = ?').run(session)
    },
  }
}
