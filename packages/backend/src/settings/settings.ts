import { PilotError } from '@pilot/domain/errors'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import { z } from 'zod'

/** Settings of one workspace, as `/config/settings` gives and takes them. `version` is 0 before the first write. */
export const WorkspaceSettingsSchema = z.object({
  version: z.number().int().nonnegative(),
  value: z.record(z.string().max(200), z.unknown()),
})
export type WorkspaceSettings = z.infer<typeof WorkspaceSettingsSchema>

export const MAX_SETTINGS_BYTES = 64 * 1024

const RowSchema = z.object({ version: z.number(), value: z.string() })

/** Settings per workspace in the runtime's database. A writer names the version that it has read. */
export function createSettingsStore(db: SqliteDatabase) {
  db.exec(`create table if not exists workspace_setting (
    workspace_id text primary key,
    version integer not null,
    value text not null
  ) strict`)
  function read(workspaceId: string): WorkspaceSettings {
    const row = db.query('select version, value from workspace_setting where workspace_id = ?').get(workspaceId)
    if (!row) return { version: 0, value: {} }
    const { version, value } = RowSchema.parse(row)
    return WorkspaceSettingsSchema.parse({ version, value: JSON.parse(value) })
  }
  return {
    read,
    /** Replaces the settings. Throws CONFLICT when they were changed since that version. */
    write(workspaceId: string, settings: WorkspaceSettings): WorkspaceSettings {
      const { version } = read(workspaceId)
      if (version !== settings.version) {
        throw new PilotError('CONFLICT', 'The settings were changed meanwhile. Reload them and try again.', { version })
      }
      db.query(`insert into workspace_setting (workspace_id, version, value) values (?, ?, ?)
        on conflict (workspace_id) do update set version = excluded.version, value = excluded.value`).run(
        workspaceId,
        version + 1,
        JSON.stringify(settings.value),
      )
      return read(workspaceId)
    },
  }
}
export type SettingsStore = ReturnType<typeof createSettingsStore>
