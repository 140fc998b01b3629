import { idSchema } from '@pilot/domain/ids'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import { z } from 'zod'

export const WorktreeRowSchema = z.object({
  id: idSchema('worktree'),
  session_id: idSchema('agent_session'),
  workspace_id: idSchema('workspace'),
  /** False: the workspace was no repository when the session began, and it works in the workspace directory itself. */
  is_worktree: z.number().transform((value) => value === 1),
  /** Directory of the checkout; the workspace's root when `is_worktree` is false. Absolute and resolved. */
  path: z.string(),
  /** Directory of the session below `path`, for a workspace that is a subdirectory of its repository. */
  prefix: z.string(),
  /** Checkout that the worktree belongs to; empty when there is none. */
  repository: z.string(),
  name: z.string(),
  branch: z.string(),
  base_ref: z.string(),
  base_sha: z.string(),
  state: z.enum(['creating', 'ready', 'removing', 'removed', 'orphaned']),
})
export type WorktreeRow = z.infer<typeof WorktreeRowSchema>

/** The table of session directories in the runtime's own database: one row per session. */
export function createWorktreeStore(db: SqliteDatabase) {
  db.exec(`create table if not exists worktree (
    id text primary key,
    session_id text not null unique,
    workspace_id text not null,
    is_worktree integer not null,
    path text not null,
    prefix text not null,
    repository text not null,
    name text not null,
    branch text not null,
    base_ref text not null,
    base_sha text not null,
    state text not null
  ) strict`)
  const list = (rows: unknown[]): WorktreeRow[] => z.array(WorktreeRowSchema).parse(rows)
  return {
    get(sessionId: string): WorktreeRow | null {
      const row = db.query('select * from worktree where session_id = ?').get(sessionId)
      return row ? WorktreeRowSchema.parse(row) : null
    },
    ofWorkspace: (workspaceId: string): WorktreeRow[] =>
      list(db.query('select * from worktree where workspace_id = ? and state <> ?').all(workspaceId, 'removed')),
    all: (): WorktreeRow[] => list(db.query('select * from worktree where state <> ?').all('removed')),
    insert(row: WorktreeRow): void {
      db.query('insert into worktree values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
        row.id,
        row.session_id,
        row.workspace_id,
        row.is_worktree,
        row.path,
        row.prefix,
        row.repository,
        row.name,
        row.branch,
        row.base_ref,
        row.base_sha,
        row.state,
      )
    },
    setState(id: string, state: WorktreeRow['state']): void {
      db.query('update worktree set state = ? where id = ?').run(state, id)
    },
  }
}
export type WorktreeStore = ReturnType<typeof createWorktreeStore>
