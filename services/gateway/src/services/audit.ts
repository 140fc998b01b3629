import type { Id } from '@pilot/domain/ids'
import type { App } from '../app-context.ts'
import { schema } from '../database.ts'
import type { Actor } from '../policy/scope.ts'

/** Who is written down for an act: a person, or the computer's own user over the control socket. */
export type AuditActor = Pick<Actor, 'request_id' | 'ip'> & {
  user?: { id: Id<'user'> }
  impersonator_id?: Id<'user'> | null
}

export interface AuditEntry {
  action: string
  organization_id?: Id<'organization'> | null
  target?: string | null
  result?: 'ok' | 'refused' | 'failed'
  detail?: Record<string, unknown>
}

/** The insert of one audit row, to be put into the same batch as what it tells of. */
export function auditRow(app: App, actor: AuditActor, entry: AuditEntry) {
  const at = app.clock()
  return app.db.insert(schema.audit_log).values({
    actor_user_id: actor.user?.id ?? null,
    impersonator_id: actor.impersonator_id ?? null,
    organization_id: entry.organization_id ?? null,
    action: entry.action,
    target: entry.target ?? null,
    result: entry.result ?? 'ok',
    request_id: actor.request_id,
    ip: actor.ip,
    detail: entry.detail ?? {},
    created_at: at,
    updated_at: at,
  })
}

/** Writes one audit row by itself: for what has no write of its own, and for what was refused. */
export async function audit(app: App, actor: AuditActor, entry: AuditEntry): Promise<void> {
  await auditRow(app, actor, entry)
}
