import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import { hasRole } from '@pilot/domain/roles'
import type { Role } from '@pilot/protocol/api/views'
import { and, eq, gt, isNull, or, type Placeholder, sql } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import type { Identity } from '../auth/identity.ts'
import {
  type InstanceRow,
  type MachineRow,
  type OrganizationRow,
  preparedQuery,
  schema,
  type WorkspaceRow,
} from '../database.ts'

/**
 * Who acts, and what the caller was shown to have access to. A scope is only made here, by a query that joins the
 * caller's membership; services take a scope and never look anything up by an id from outside without one.
 */
export interface Actor {
  user: Identity['user']
  session_id: Id<'session'>
  impersonator_id: Id<'user'> | null
  request_id: string
  ip: string
}
export interface OrganizationScope {
  actor: Actor
  role: Role
  organization: OrganizationRow
}
export interface InstanceScope extends OrganizationScope {
  instance: InstanceRow
}
export interface MachineScope extends InstanceScope {
  machine: MachineRow
}
export interface WorkspaceScope extends InstanceScope {
  workspace: WorkspaceRow
}

function allow<S extends OrganizationScope>(scope: S, min: Role): S {
  if (!hasRole(scope.role, min))
    throw new PilotError('FORBIDDEN', `This needs the role ${min} in the organization. You are ${scope.role}.`)
  return scope
}

const membership = schema.organization_user_membership
const memberOf = (userId: Id<'user'> | Placeholder) =>
  and(eq(membership.organization_id, schema.organization.id), eq(membership.user_id, userId))

/** An alias leads to its target while it is current, or until its old name is given free. */
const aliasOf = (slug: string | Placeholder, kind: 'organization' | 'workspace', now: Date | Placeholder) =>
  and(
    eq(schema.slug_alias.slug, slug),
    eq(schema.slug_alias.kind, kind),
    or(
      eq(schema.slug_alias.current, true),
      gt(schema.slug_alias.released_at, sql.param(now, schema.slug_alias.released_at)),
    ),
  )

/** Throws ORGANIZATION_NOT_FOUND, the same for a missing organization and one of others, or FORBIDDEN. */
export async function organizationBySlug(app: App, actor: Actor, slug: string, min: Role): Promise<OrganizationScope> {
  const [row] = await app.db
    .select({ organization: schema.organization, role: membership.role })
    .from(schema.slug_alias)
    .innerJoin(schema.organization, eq(schema.organization.id, schema.slug_alias.target_id))
    .innerJoin(membership, memberOf(actor.user.id))
    .where(aliasOf(slug, 'organization', app.clock()))
    .limit(1)
  if (!row) throw new PilotError('ORGANIZATION_NOT_FOUND')
  return allow({ actor, ...row }, min)
}

export async function organizationById(
  app: App,
  actor: Actor,
  id: Id<'organization'>,
  min: Role,
): Promise<OrganizationScope> {
  const [row] = await app.db
    .select({ organization: schema.organization, role: membership.role })
    .from(schema.organization)
    .innerJoin(membership, memberOf(actor.user.id))
    .where(eq(schema.organization.id, id))
    .limit(1)
  if (!row) throw new PilotError('ORGANIZATION_NOT_FOUND')
  return allow({ actor, ...row }, min)
}

/** Throws INSTANCE_NOT_FOUND or FORBIDDEN. */
export async function instanceById(app: App, actor: Actor, id: Id<'instance'>, min: Role): Promise<InstanceScope> {
  const [row] = await app.db
    .select({ organization: schema.organization, instance: schema.instance, role: membership.role })
    .from(schema.instance)
    .innerJoin(schema.organization, eq(schema.organization.id, schema.instance.organization_id))
    .innerJoin(membership, memberOf(actor.user.id))
    .where(eq(schema.instance.id, id))
    .limit(1)
  if (!row) throw new PilotError('INSTANCE_NOT_FOUND')
  return allow({ actor, ...row }, min)
}

/** Throws MACHINE_NOT_FOUND or FORBIDDEN. */
export async function machineById(app: App, actor: Actor, id: Id<'machine'>, min: Role): Promise<MachineScope> {
  const [row] = await app.db
    .select({
      organization: schema.organization,
      instance: schema.instance,
      machine: schema.machine,
      role: membership.role,
    })
    .from(schema.machine)
    .innerJoin(schema.instance, eq(schema.instance.id, schema.machine.instance_id))
    .innerJoin(schema.organization, eq(schema.organization.id, schema.instance.organization_id))
    .innerJoin(membership, memberOf(actor.user.id))
    .where(eq(schema.machine.id, id))
    .limit(1)
  if (!row) throw new PilotError('MACHINE_NOT_FOUND')
  return allow({ actor, ...row }, min)
}

const memberWorkspaceBySlug = preparedQuery((db) =>
  db
    .select({
      organization: schema.organization,
      instance: schema.instance,
      workspace: schema.workspace,
      role: membership.role,
    })
    .from(schema.slug_alias)
    .innerJoin(schema.workspace, eq(schema.workspace.id, schema.slug_alias.target_id))
    .innerJoin(schema.instance, eq(schema.instance.id, schema.workspace.instance_id))
    .innerJoin(schema.organization, eq(schema.organization.id, schema.instance.organization_id))
    .innerJoin(membership, memberOf(sql.placeholder('user_id')))
    .where(
      and(aliasOf(sql.placeholder('slug'), 'workspace', sql.placeholder('now')), isNull(schema.workspace.deleted_at)),
    )
    .prepare(),
)

/** Throws WORKSPACE_NOT_FOUND or FORBIDDEN. */
export async function workspaceBySlug(app: App, actor: Actor, slug: string, min: Role): Promise<WorkspaceScope> {
  const [row] = await memberWorkspaceBySlug(app.db).all({ user_id: actor.user.id, slug, now: app.clock() })
  if (!row) throw new PilotError('WORKSPACE_NOT_FOUND')
  return allow({ actor, ...row }, min)
}

/** Throws NOT_FOUND: the platform's own pages do not exist for others. An impersonated user is never an admin. */
export function requirePlatformAdmin(actor: Actor): Actor {
  if (actor.user.role !== 'admin' || actor.impersonator_id !== null) throw new PilotError('NOT_FOUND')
  return actor
}
