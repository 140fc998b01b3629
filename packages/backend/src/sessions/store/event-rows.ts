import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import type { AgentEvent, AgentEventEntry } from '@pilot/protocol/agent/event'
import type { SessionState } from '@pilot/protocol/agent/fold'
import type { SessionId } from './rows.ts'

export interface EventRows {
  insert(session: SessionId, seq: number, at: Date, event: AgentEvent): void
  /** Entries after `after`, in order, at most `limit`. */
  read(session: SessionId, after: number, limit: number): AgentEventEntry[]
  /** Deletes entries up to `seq`, but none younger than `olderThan` unless they are up to `hardSeq`; gives the floor. */
  trim(session: SessionId, seq: number, olderThan: Date, hardSeq: number): number
  snapshot(session: SessionId): { seq: number; state: SessionState } | null
  saveSnapshot(session: SessionId, seq: number, state: SessionState): void
  removeAll(session: SessionId): void
}

export function eventRows(db: SqliteDatabase): EventRows {
  return {
    insert(session, seq, at, event) {
      db.query('insert into journal_event values (?, ?, ?, ?)').run(session, seq, at.getTime(), JSON.stringify(event))
    },
    read(session, after, limit) {
      const rows = db
        .query('select seq, event from journal_event where session_id = ? and seq > ? order by seq limit ?')
        .values(session, after, limit)
      return rows.map(([seq, event]) => ({ seq: Number(seq), event: JSON.parse(String(event)) as AgentEvent }))
    },
    trim(session, seq, olderThan, hardSeq) {
      // Times do not have to grow with seq (the clock may be set back), so the first one to keep decides.
      const [row] = db
        .query('select min(seq) from journal_event where session_id = ? and seq > ? and at >= ?')
        .values(session, hardSeq, olderThan.getTime())
      const young = row?.[0]
      const floor = Math.max(hardSeq, Math.min(seq, young === null || young === undefined ? seq : Number(young) - 1))
      db.query('delete from journal_event where session_id = ? and seq <= ?').run(session, floor)
      return floor
    },
    snapshot(session) {
      const row = db.query('select seq, state from journal_snapshot where session_id = ?').values(session)[0]
      return row ? { seq: Number(row[0]), state: JSON.parse(String(row[1])) as SessionState } : null
    },
    saveSnapshot(session, seq, state) {
      db.query(
        `insert into journal_snapshot values (?, ?, ?)
         on conflict (session_id) do update set seq = excluded.seq, state = excluded.state`,
      ).run(session, seq, JSON.stringify(state))
    },
    removeAll(session) {
      db.query('delete from journal_event where session_id = ?').run(session)
      db.query('delete from journal_snapshot where session_id = ?').run(session)
    },
  }
}
