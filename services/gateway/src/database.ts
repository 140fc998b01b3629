import type { PilotDb } from '@pilot/domain/d1/db'
import * as schema from '@pilot/domain/schema/index'

export { schema }
/** The control plane's database: D1 itself, or SQLite behind the same interface. */
export type Database = PilotDb

export type OrganizationRow = typeof schema.organization.$inferSelect
export type InstanceRow = typeof schema.instance.$inferSelect
export type MachineRow = typeof schema.machine.$inferSelect
export type RuntimeRow = typeof schema.runtime.$inferSelect
export type WorkspaceRow = typeof schema.workspace.$inferSelect
export type AgentSessionRow = typeof schema.agent_session.$inferSelect
