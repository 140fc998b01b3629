import { PilotError } from '@pilot/domain/errors'
import { type Id, isId } from '@pilot/domain/ids'
import type { MemberView, Role } from '@pilot/protocol/api/views'
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { schema } from '../database.ts'
import type { SessionEnd } from '../hub/session-end.ts'
import type { OrganizationScope } from '../policy/scope.ts'
import { auditRow } from './audit.ts'
import { liveRuntimes } from './organization.ts'
import { type PageInput, page } from './page.ts'

const membership = schema.organization_user_membership
type MemberId = Id<'organization_user_membership'>

const columns = { membership, name: schema.user.name, email: schema.user.email }
type MemberRow = { membership: typeof membership.$inferSelect; name: string; email: string }
const view = (row: MemberRow): MemberView => ({
  id: row.membership.id,
  user_id: row.membership.user_id,
  name: row.name,
  email: row.email,
  role: row.membership.role,
  created_at: row.membership.created_at.toISOString(),
})

export async function listMembers(app: App, scope: OrganizationScope, input: PageInput) {
  const { limit, after } = page(input, (cursor): cursor is MemberId => isId('organization_user_membership', cursor))
  const rows = await app.db
    .select(columns)
    .from(membership)
    .innerJoin(schema.user, eq(schema.user.id, membership.user_id))
    .where(and(eq(membership.organization_id, scope.organization.id), after ? gt(membership.id, after) : undefined))
    .orderBy(asc(membership.id))
    .limit(limit + 1)
  const items = rows.slice(0, limit).map(view)
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

async function memberOf(app: App, scope: OrganizationScope, id: MemberId): Promise<MemberRow> {
  const [row] = await app.db
    .select(columns)
    .from(membership)
    .innerJoin(schema.user, eq(schema.user.id, membership.user_id))
    .where(and(eq(membership.id, id), eq(membership.organization_id, scope.organization.id)))
    .limit(1)
  if (!row) throw new PilotError('NOT_FOUND', 'There is no such member in this organization.')
  return row
}

/** True while somebody else is an owner; part of the write itself, so that two owners cannot leave at once. */
const anotherOwner = (organizationId: Id<'organization'>, id: MemberId) =>
  sql`exists (select 1 from organization_user_membership other where other.organization_id = ${organizationId}
      and other.role = 'owner' and other.id <> ${id})`

/** Changes a role. Only owners make or unmake owners; the last owner stays one (LAST_OWNER). */
export async function setRole(
  app: App,
  scope: OrganizationScope,
  input: { member_id: MemberId; role: Role },
): Promise<MemberView> {
  const row = await memberOf(app, scope, input.member_id)
  const owners = row.membership.role === 'owner' || input.role === 'owner'
  if (owners && scope.role !== 'owner')
    throw new PilotError('FORBIDDEN', 'Only an owner can make somebody an owner or take that away.')
  const mine = eq(membership.id, input.member_id)
  const changed = await app.db
    .update(membership)
    .set({ role: input.role, updated_at: app.clock() })
    .where(input.role === 'owner' ? mine : and(mine, anotherOwner(scope.organization.id, input.member_id)))
    .returning({ id: membership.id })
  if (changed.length === 0) throw new PilotError('LAST_OWNER')
  await auditRow(app, scope.actor, {
    action: 'member.set_role',
    organization_id: scope.organization.id,
    target: row.membership.user_id,
    detail: { from: row.membership.role, to: input.role },
  })
  await endStreams(app, scope, row.membership.user_id, 'changed')
  await app.hub.invalidate(scope.organization.id, [['organization']], scope.actor.request_id)
  return view({ ...row, membership: { ...row.membership, role: input.role } })
}

export async function removeMember(app: App, scope: OrganizationScope, input: { member_id: MemberId }): Promise<void> {
  const row = await memberOf(app, scope, input.member_id)
  if (row.membership.role === 'owner' && scope.role !== 'owner')
    throw new PilotError('FORBIDDEN', 'Only an owner can remove an owner.')
  const gone = await app.db
    .delete(membership)
    .where(and(eq(membership.id, input.member_id), anotherOwner(scope.organization.id, input.member_id)))
    .returning({ id: membership.id })
  if (gone.length === 0) throw new PilotError('LAST_OWNER')
  await auditRow(app, scope.actor, {
    action: 'member.remove',
    organization_id: scope.organization.id,
    target: row.membership.user_id,
  })
  await endStreams(app, scope, row.membership.user_id, 'revoked')
  await app.hub.invalidate(scope.organization.id, [['organization']], scope.actor.request_id)
}

const SESSIONS_AT_ONCE = 100

/** Open sockets and answers carry the role they were opened with: they end, and come back with what is true now. */
async function endStreams(app: App, scope: OrganizationScope, userId: Id<'user'>, why: SessionEnd): Promise<void> {
  const runtimes = await liveRuntimes(app, scope.organization.id)
  const { id: organizationId } = scope.organization
  for (let after: Id<'session'> | null = null; ; ) {
    const sessions: { id: Id<'session'> }[] = await app.db
      .select({ id: schema.session.id })
      .from(schema.session)
      .where(and(eq(schema.session.user_id, userId), after ? gt(schema.session.id, after) : undefined))
      .orderBy(asc(schema.session.id))
      .limit(SESSIONS_AT_ONCE)
    for (const { id } of sessions) await app.hub.disconnectSession(organizationId, runtimes, id, why)
    after = sessions.at(-1)?.id ?? null
    if (after === null || sessions.length < SESSIONS_AT_ONCE) return
  }
}
