import { TerminalModeSchema, TerminalSourceSchema } from '@pilot/domain/entities/terminal'
import { idSchema } from '@pilot/domain/ids'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import { LaunchSchema } from '@pilot/protocol/terminal/rest'
import { z } from 'zod'

/** What the runtime remembers of a terminal, so that its program is found again after a restart of the daemon. */
export const TerminalRowSchema = z.object({
  terminal_id: idSchema('terminal'),
  workspace_id: idSchema('workspace'),
  launch: z.string().transform((text) => LaunchSchema.parse(JSON.parse(text))),
  /** Absolute and resolved. */
  cwd: z.string(),
  source: TerminalSourceSchema,
  mode: TerminalModeSchema,
  /** Who may type in exclusive mode. */
  holder: idSchema('user').nullable(),
  created_at: z.number().transform((ms) => new Date(ms)),
})
export type TerminalRow = z.infer<typeof TerminalRowSchema>

/** The table of terminals in the runtime's own database. */
export function createTerminalStore(db: SqliteDatabase) {
  db.exec(`create table if not exists terminal (
    terminal_id text primary key,
    workspace_id text not null,
    launch text not null,
    cwd text not null,
    source text not null,
    mode text not null,
    holder text,
    created_at integer not null
  ) strict`)
  return {
    all: (): TerminalRow[] =>
      z.array(TerminalRowSchema).parse(db.query('select * from terminal order by created_at, terminal_id').all()),
    put(row: TerminalRow): void {
      db.query(`insert into terminal (terminal_id, workspace_id, launch, cwd, source, mode, holder, created_at)
        values (?, ?, ?, ?, ?, ?, ?, ?)
        on conflict (terminal_id) do update set launch = excluded.launch, cwd = excluded.cwd,
          source = excluded.source, mode = excluded.mode, holder = excluded.holder`).run(
        row.terminal_id,
        row.workspace_id,
        JSON.stringify(row.launch),
        row.cwd,
        row.source,
        row.mode,
        row.holder,
        row.created_at.getTime(),
      )
    },
    remove(terminalId: string): void {
      db.query('delete from terminal where terminal_id = ?').run(terminalId)
    },
  }
}
export type TerminalStore = ReturnType<typeof createTerminalStore>
