import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import type { SessionId } from './rows.ts'

/** Characters of one tool call's output that are kept; of a longer one the head and the tail. */
export const MAX_OUTPUT_CHARS = 4 * 1024 * 1024
/** Characters of all kept outputs together; the oldest are dropped first. */
export const MAX_OUTPUTS_CHARS = 256 * 1024 * 1024

export interface OutputRows {
  /** Keeps the whole output of a part; `bytes` is its length in UTF-8. */
  save(session: SessionId, partId: string, output: string, bytes: number, at: Date): void
  get(session: SessionId, partId: string): { output: string; bytes: number } | null
  /** Bytes of the output as it was last kept, without reading it; 0 when there is none. */
  bytes(session: SessionId, partId: string): number
  removeAll(session: SessionId): void
}

function bounded(output: string): string {
  if (output.length <= MAX_OUTPUT_CHARS) return output
  const half = MAX_OUTPUT_CHARS / 2
  const left = output.length - MAX_OUTPUT_CHARS
  return `${output.slice(0, half)}\n… ${left} characters are not kept …\n${output.slice(-half)}`.toWellFormed()
}

export function outputRows(db: SqliteDatabase, limit = MAX_OUTPUTS_CHARS): OutputRows {
  const total = () => Number(db.query('select coalesce(sum(length(output)), 0) from part_output').values()[0]?.[0] ?? 0)
  let kept: number | null = null
  return {
    save(session, partId, output, bytes, at) {
      const text = bounded(output.toWellFormed())
      db.query(
        `insert into part_output values (?, ?, ?, ?, ?)
         on conflict (session_id, part_id) do update set bytes = excluded.bytes, at = excluded.at, output = excluded.output`,
      ).run(session, partId, bytes, at.getTime(), text)
      // An estimate from above is enough until it says that the limit is reached.
      kept = kept === null ? total() : kept + text.length
      if (kept <= limit) return
      kept = total()
      while (kept > limit) {
        const oldest = db
          .query('select session_id, part_id, length(output) from part_output order by at, part_id limit 1')
          .values()[0]
        if (!oldest) return
        db.query('delete from part_output where session_id = ? and part_id = ?').run(
          String(oldest[0]),
          String(oldest[1]),
        )
        kept -= Number(oldest[2])
      }
    },
    get(session, partId) {
      const row = db
        .query('select output, bytes from part_output where session_id = ? and part_id = ?')
        .values(session, partId)[0]
      return row ? { output: String(row[0]), bytes: Number(row[1]) } : null
    },
    bytes(session, partId) {
      const row = db
        .query('select bytes from part_output where session_id = ? and part_id = ?')
        .values(session, partId)[0]
      return Number(row?.[0] ?? 0)
    },
    removeAll(session) {
      db.query('delete from part_output where session_id = ?').run(session)
      kept = null
    },
  }
}
