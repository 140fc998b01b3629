import { uniqueViolation } from '@pilot/domain/d1/errors'
import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { generateSlug } from '@pilot/domain/slugs'
import type { InstanceView, Role } from '@pilot/protocol/api/views'
import { and, asc, count, eq, isNull } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { type InstanceRow, type OrganizationRow, schema } from '../database.ts'
import type { InstanceScope, OrganizationScope } from '../policy/scope.ts'
import { auditRow } from './audit.ts'
import { releaseWorkspaceSlugs } from './slug.ts'

export const instanceView = (row: InstanceRow, organization: OrganizationRow, role: Role): InstanceView => ({
  id: row.id,
  organization_id: organization.id,
  organization_slug: organization.slug,
  name: row.name,
  slug: row.slug,
  role,
  created_at: row.created_at.toISOString(),
})

export async function listInstances(app: App, scope: OrganizationScope): Promise<InstanceView[]> {
  const rows = await app.db
    .select()
    .from(schema.instance)
    .where(eq(schema.instance.organization_id, scope.organization.id))
    .orderBy(asc(schema.instance.id))
    .limit(500)
  return rows.map((row) => instanceView(row, scope.organization, scope.role))
}

export async function getInstance(app: App, scope: OrganizationScope, slug: string): Promise<InstanceView> {
  const [row] = await app.db
    .select()
    .from(schema.instance)
    .where(and(eq(schema.instance.organization_id, scope.organization.id), eq(schema.instance.slug, slug)))
    .limit(1)
  if (!row) throw new PilotError('INSTANCE_NOT_FOUND')
  return instanceView(row, scope.organization, scope.role)
}

/** Throws LIMIT_REACHED. */
export async function createInstance(
  app: App,
  scope: OrganizationScope,
  input: { name: string },
): Promise<InstanceView> {
  const { organization, actor } = scope
  const [existing] = await app.db
    .select({ n: count() })
    .from(schema.instance)
    .where(eq(schema.instance.organization_id, organization.id))
  if ((existing?.n ?? 0) >= app.config.limits.instances_per_organization)
    throw new PilotError('LIMIT_REACHED', 'This organization has as many instances as are allowed here.')
  const now = app.clock()
  const slug = generateSlug(input.name)
  const row = {
    id: newId('instance'),
    organization_id: organization.id,
    name: input.name,
    slug,
    limits: {},
    flags: {},
    created_at: now,
    updated_at: now,
  }
  try {
    await app.db.batch([
      app.db.insert(schema.instance).values(row),
      auditRow(app, actor, { action: 'instance.create', organization_id: organization.id, target: row.id }),
    ])
  } catch (cause) {
    throw uniqueViolation(cause)?.includes('instance.slug') ? new PilotError('SLUG_TAKEN') : cause
  }
  await app.hub.invalidate(organization.id, [['instance', 'list']], actor.request_id)
  return instanceView(row, organization, scope.role)
}

export async function renameInstance(app: App, scope: InstanceScope, input: { name: string }): Promise<InstanceView> {
  const { organization, instance, actor } = scope
  await app.db.batch([
    app.db
      .update(schema.instance)
      .set({ name: input.name, updated_at: app.clock() })
      .where(eq(schema.instance.id, instance.id)),
    auditRow(app, actor, { action: 'instance.rename', organization_id: organization.id, target: instance.id }),
  ])
  await app.hub.invalidate(organization.id, [['instance']], actor.request_id)
  return instanceView({ ...instance, name: input.name }, organization, scope.role)
}

/** Deletes an instance with its machines and workspaces. Its runtimes are cut off; no directory is touched. */
export async function deleteInstance(app: App, scope: InstanceScope): Promise<void> {
  const { organization, instance, actor } = scope
  const runtimes = await app.db
    .select({ id: schema.runtime.id })
    .from(schema.runtime)
    .where(and(eq(schema.runtime.instance_id, instance.id), isNull(schema.runtime.revoked_at)))
  await app.db.batch([
    releaseWorkspaceSlugs(app, eq(schema.instance.id, instance.id)),
    app.db.delete(schema.instance).where(eq(schema.instance.id, instance.id)),
    auditRow(app, actor, { action: 'instance.delete', organization_id: organization.id, target: instance.id }),
  ])
  for (const { id } of runtimes) await app.hub.disconnectRuntime(id, 4003, 'the instance was deleted')
  await app.hub.invalidate(organization.id, [['instance']], actor.request_id)
}
