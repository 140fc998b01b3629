import { PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import { generateSlug } from '@pilot/domain/slugs'
import type { OrganizationView, Role } from '@pilot/protocol/api/views'
import { and, asc, count, eq, ne } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { type OrganizationRow, schema } from '../database.ts'
import type { Actor, OrganizationScope } from '../policy/scope.ts'
import { auditRow } from './audit.ts'
import { claimSlug, releaseSlug, releaseWorkspaceSlugs, slugTaken } from './slug.ts'

const membership = schema.organization_user_membership

export const organizationView = (row: OrganizationRow, role: Role): OrganizationView => ({
  id: row.id,
  name: row.name,
  slug: row.slug,
  role,
  created_at: row.created_at.toISOString(),
})

/** Every organization of the caller, oldest first. */
export async function listOrganizations(app: App, actor: Actor): Promise<OrganizationView[]> {
  const rows = await app.db
    .select({ organization: schema.organization, role: membership.role })
    .from(membership)
    .innerJoin(schema.organization, eq(schema.organization.id, membership.organization_id))
    .where(eq(membership.user_id, actor.user.id))
    .orderBy(asc(schema.organization.id))
    .limit(500)
  return rows.map((row) => organizationView(row.organization, row.role))
}

/** Creates an organization with the caller as its owner. Throws LIMIT_REACHED. */
export async function createOrganization(app: App, actor: Actor, input: { name: string }): Promise<OrganizationView> {
  const [owned] = await app.db
    .select({ n: count() })
    .from(membership)
    .where(and(eq(membership.user_id, actor.user.id), eq(membership.role, 'owner')))
  if ((owned?.n ?? 0) >= app.config.limits.organizations_per_user)
    throw new PilotError('LIMIT_REACHED', 'You own as many organizations as are allowed here.')
  const now = app.clock()
  const id = newId('organization')
  const slug = generateSlug(input.name)
  const times = { created_at: now, updated_at: now }
  try {
    await app.db.batch([
      ...claimSlug(app, 'organization', id, slug),
      app.db.insert(schema.organization).values({ id, name: input.name, slug, ...times }),
      app.db.insert(membership).values({ organization_id: id, user_id: actor.user.id, role: 'owner', ...times }),
      auditRow(app, actor, { action: 'organization.create', organization_id: id, target: id }),
    ])
  } catch (cause) {
    throw slugTaken(cause)
  }
  return { id, name: input.name, slug, role: 'owner', created_at: now.toISOString() }
}

export async function renameOrganization(
  app: App,
  scope: OrganizationScope,
  input: { name: string },
): Promise<OrganizationView> {
  const { organization, actor } = scope
  await app.db.batch([
    app.db
      .update(schema.organization)
      .set({ name: input.name, updated_at: app.clock() })
      .where(eq(schema.organization.id, organization.id)),
    auditRow(app, actor, { action: 'organization.rename', organization_id: organization.id, target: organization.id }),
  ])
  await app.hub.invalidate(organization.id, [['organization']], actor.request_id)
  return organizationView({ ...organization, name: input.name }, scope.role)
}

/** Deletes an organization with everything in it. Its runtimes are cut off at once; nothing on a machine is touched. */
export async function deleteOrganization(app: App, scope: OrganizationScope): Promise<void> {
  const { organization, actor } = scope
  const runtimes = await liveRuntimes(app, organization.id)
  await app.db.batch([
    releaseSlug(app, organization.id),
    releaseWorkspaceSlugs(app, eq(schema.instance.organization_id, organization.id)),
    app.db.delete(schema.organization).where(eq(schema.organization.id, organization.id)),
    auditRow(app, actor, { action: 'organization.delete', organization_id: organization.id, target: organization.id }),
  ])
  for (const id of runtimes) await app.hub.disconnectRuntime(id, 4003, 'the organization was deleted')
  await app.hub.invalidate(organization.id, [['organization']], actor.request_id)
}

/** Ids of every runtime of an organization that is not revoked. */
export async function liveRuntimes(app: App, organizationId: Id<'organization'>): Promise<Id<'runtime'>[]> {
  const rows = await app.db
    .select({ id: schema.runtime.id })
    .from(schema.runtime)
    .innerJoin(schema.instance, eq(schema.instance.id, schema.runtime.instance_id))
    .where(and(eq(schema.instance.organization_id, organizationId), ne(schema.runtime.status, 'revoked')))
  return rows.map((row) => row.id)
}
