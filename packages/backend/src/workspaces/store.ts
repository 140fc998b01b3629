import { idSchema } from '@pilot/domain/ids'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import { WorkspaceTypeSchema } from '@pilot/protocol/api/views'
import { z } from 'zod'

/** What the runtime remembers of a workspace between two starts. */
export const WorkspaceRowSchema = z.object({
  workspace_id: idSchema('workspace'),
  instance_id: idSchema('instance'),
  slug: z.string(),
  name: z.string(),
  type: WorkspaceTypeSchema,
  generation: z.number().int(),
  config: z.string().transform((text) => z.record(z.string(), z.unknown()).parse(JSON.parse(text))),
  /** Resolved root; null until it was prepared. */
  root_path: z.string().nullable(),
  /** False once the control plane no longer gives it to this machine: data is kept, nothing is served. */
  attached: z.number().transform((value) => value === 1),
})
export type WorkspaceRow = z.infer<typeof WorkspaceRowSchema>

/** The table of workspaces in the runtime's own database. */
export function createWorkspaceStore(db: SqliteDatabase) {
  db.exec(`create table if not exists workspace (
    workspace_id text primary key,
    instance_id text not null,
    slug text not null,
    name text not null,
    type text not null,
    generation integer not null,
    config text not null,
    root_path text,
    attached integer not null
  ) strict`)
  return {
    all: (): WorkspaceRow[] =>
      z.array(WorkspaceRowSchema).parse(db.query('select * from workspace order by slug').all()),
    get(workspaceId: string): WorkspaceRow | null {
      const row = db.query('select * from workspace where workspace_id = ?').get(workspaceId)
      return row ? WorkspaceRowSchema.parse(row) : null
    },
    put(row: WorkspaceRow): void {
      db.query(`insert into workspace
        (workspace_id, instance_id, slug, name, type, generation, config, root_path, attached)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?)
        on conflict (workspace_id) do update set instance_id = excluded.instance_id, slug = excluded.slug,
          name = excluded.name, type = excluded.type, generation = excluded.generation, config = excluded.config,
          root_path = excluded.root_path, attached = excluded.attached`).run(
        row.workspace_id,
        row.instance_id,
        row.slug,
        row.name,
        row.type,
        row.generation,
        JSON.stringify(row.config),
        row.root_path,
        row.attached,
      )
    },
    remove(workspaceId: string): void {
      db.query('delete from workspace where workspace_id = ?').run(workspaceId)
    },
  }
}
export type WorkspaceStore = ReturnType<typeof createWorkspaceStore>
