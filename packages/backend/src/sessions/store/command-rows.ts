import type { Id } from '@pilot/domain/ids'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import type { CommandRequest, CommandState } from '@pilot/protocol/agent/command'
import type { AgentError } from '@pilot/protocol/agent/model'
import { canonicalJson, type SessionId, type StoredCommand, type WorkspaceId } from './rows.ts'

const COLUMNS =
  'id, workspace_id, session_id, request, state, message_id, part_id, actor_user_id, error, created_at, updated_at'
const OPEN = "state in ('accepted', 'dispatching', 'running')"

export interface CommandRows {
  insert(command: StoredCommand): void
  get(id: Id<'command'>): StoredCommand | null
  /** Commands that are not final, oldest first: of one session, or of all. */
  open(session?: SessionId): StoredCommand[]
  update(id: Id<'command'>, state: CommandState, error: AgentError | null, at: Date): void
  removeAll(session: SessionId): void
}

function decode(v: readonly unknown[]): StoredCommand {
  const text = (at: number) => (v[at] === null ? null : String(v[at]))
  return {
    id: String(v[0]) as Id<'command'>,
    workspace_id: String(v[1]) as WorkspaceId,
    session_id: String(v[2]) as SessionId,
    request: JSON.parse(String(v[3])) as CommandRequest,
    state: String(v[4]) as CommandState,
    message_id: text(5),
    part_id: text(6),
    actor_user_id: text(7) as Id<'user'> | null,
    error: v[8] === null ? null : (JSON.parse(String(v[8])) as AgentError),
    created_at: new Date(Number(v[9])),
    updated_at: new Date(Number(v[10])),
  }
}

export function commandRows(db: SqliteDatabase): CommandRows {
  return {
    insert(c) {
      db.query('insert into command values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
        c.id,
        c.workspace_id,
        c.session_id,
        canonicalJson(c.request),
        c.state,
        c.message_id,
        c.part_id,
        c.actor_user_id,
        c.error && JSON.stringify(c.error),
        c.created_at.getTime(),
        c.updated_at.getTime(),
      )
    },
    get(id) {
      const row = db.query(`select ${COLUMNS} from command where id = ?`).values(id)[0]
      return row ? decode(row) : null
    },
    open(session) {
      const order = 'order by created_at, id'
      const rows = session
        ? db.query(`select ${COLUMNS} from command where session_id = ? and ${OPEN} ${order}`).values(session)
        : db.query(`select ${COLUMNS} from command where ${OPEN} ${order}`).values()
      return rows.map(decode)
    },
    update(id, state, error, at) {
      db.query('update command set state = ?, error = ?, updated_at = ? where id = ?').run(
        state,
        error && JSON.stringify(error),
        at.getTime(),
        id,
      )
    },
    removeAll(session) {
      db.query('delete from command where session_id = ?').run(session)
    },
  }
}
