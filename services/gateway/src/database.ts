import type { PilotDb } from '@pilot/domain/d1/db'
import * as schema from '@pilot/domain/schema/index'

export { schema }
/** The control plane's database: D1 itself, or SQLite behind the same interface. */
export type Database = PilotDb

/**
 * A query of every request, built and prepared once per database with placeholders for what differs: writing its text
 * anew takes longer than running it. Where the keys allow one row only, it has no limit: SQLite plans a statement again
 * whenever its limit is bound.
 */
export function preparedQuery<Q extends object>(build: (db: Database) => Q): (db: Database) => Q {
  const known = new WeakMap<Database, Q>()
  return (db) => {
    const query = known.get(db) ?? build(db)
    known.set(db, query)
    return query
  }
}

export type OrganizationRow = typeof schema.organization.$inferSelect
export type InstanceRow = typeof schema.instance.$inferSelect
export type MachineRow = typeof schema.machine.$inferSelect
export type RuntimeRow = typeof schema.runtime.$inferSelect
export type WorkspaceRow = typeof schema.workspace.$inferSelect
export type AgentSessionRow = typeof schema.agent_session.$inferSelect
export type TerminalRow = typeof schema.terminal.$inferSelect
