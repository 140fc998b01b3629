import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import type { AgentSession } from '@pilot/protocol/agent/model'
import type { JournalSession, SessionId, WorkspaceId } from './rows.ts'

const COLUMNS =
  'id, workspace_id, instance_id, parent_id, request, directory, external_id, epoch, boot_id, head, floor, ' +
  'title_by_user, session, summary, created_at, deleted_at'

export interface SessionRows {
  insert(row: JournalSession): void
  get(id: SessionId): JournalSession | null
  /** Sessions of one workspace or of all, oldest first. Those deleted before `deletedSince` are left out. */
  list(filter: { workspace_id?: WorkspaceId; deleted_since?: Date }): JournalSession[]
  children(parent: SessionId): SessionId[]
  update(id: SessionId, change: Partial<Omit<JournalSession, 'id'>>): void
  /** Forgets a session as if it had never been. */
  remove(id: SessionId): void
}

type Column = string | number | null

function encode(row: Partial<JournalSession>): [string, Column][] {
  return Object.entries(row).map(([key, value]): [string, Column] => {
    if (value === null || value === undefined) return [key, null]
    if (value instanceof Date) return [key, value.getTime()]
    if (typeof value === 'boolean') return [key, value ? 1 : 0]
    return [key, typeof value === 'object' ? JSON.stringify(value) : value]
  })
}

function decode(v: readonly unknown[]): JournalSession {
  const text = (at: number) => (v[at] === null ? null : String(v[at]))
  return {
    id: String(v[0]) as SessionId,
    workspace_id: String(v[1]) as WorkspaceId,
    instance_id: String(v[2]),
    parent_id: text(3) as SessionId | null,
    request: String(v[4]),
    directory: text(5),
    external_id: text(6),
    epoch: String(v[7]),
    boot_id: String(v[8]),
    head: Number(v[9]),
    floor: Number(v[10]),
    title_by_user: Number(v[11]) === 1,
    session: JSON.parse(String(v[12])) as AgentSession,
    summary: v[13] === null ? null : (JSON.parse(String(v[13])) as AgentSummary),
    created_at: new Date(Number(v[14])),
    deleted_at: v[15] === null ? null : new Date(Number(v[15])),
  }
}

export function sessionRows(db: SqliteDatabase): SessionRows {
  return {
    insert(row) {
      const columns = encode(row)
      db.query(
        `insert into journal_session (${columns.map(([key]) => key).join(', ')})
         values (${columns.map(() => '?').join(', ')})`,
      ).run(...columns.map(([, value]) => value))
    },
    get(id) {
      const row = db.query(`select ${COLUMNS} from journal_session where id = ?`).values(id)[0]
      return row ? decode(row) : null
    },
    list({ workspace_id, deleted_since }) {
      const since = deleted_since?.getTime() ?? Number.MAX_SAFE_INTEGER
      const alive = '(deleted_at is null or deleted_at >= ?) order by created_at, id'
      const rows = workspace_id
        ? db
            .query(`select ${COLUMNS} from journal_session where workspace_id = ? and ${alive}`)
            .values(workspace_id, since)
        : db.query(`select ${COLUMNS} from journal_session where ${alive}`).values(since)
      return rows.map(decode)
    },
    children(parent) {
      const rows = db.query('select id from journal_session where parent_id = ? and deleted_at is null').values(parent)
      return rows.map(([id]) => String(id) as SessionId)
    },
    update(id, change) {
      const columns = encode(change)
      if (columns.length === 0) return
      db.query(`update journal_session set ${columns.map(([key]) => `${key} = ?`).join(', ')} where id = ?`).run(
        ...columns.map(([, value]) => value),
        id,
      )
    },
    remove(id) {
      db.query('delete from journal_session where id = ?').run(id)
    },
  }
}
