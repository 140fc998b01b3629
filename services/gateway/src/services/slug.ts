import { uniqueViolation } from '@pilot/domain/d1/errors'
import { PilotError } from '@pilot/domain/errors'
import { checkSlug } from '@pilot/domain/slugs'
import { and, eq, gt, inArray, isNull, lte, or, type SQL } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { schema } from '../database.ts'
import type { Actor } from '../policy/scope.ts'

/** A former slug leads to its target for this long, and nobody else may take it. */
const KEEP_ALIAS_MS = 90 * 24 * 3_600_000

type Kind = 'organization' | 'workspace'
const alias = schema.slug_alias

/** Throws VALIDATION_FAILED or SLUG_RESERVED for a slug that nobody may have. */
export function assertSlug(slug: string): void {
  const problem = checkSlug(slug)
  if (problem) throw new PilotError(problem.code, problem.message)
}

/**
 * Statements that take a slug for a target, for the batch that makes the target. An expired alias, or an own former one,
 * makes room; any other holder fails the batch (see `slugTaken`).
 */
export function claimSlug(app: App, kind: Kind, targetId: string, slug: string) {
  const now = app.clock()
  const free = or(lte(alias.released_at, now), eq(alias.target_id, targetId))
  return [
    app.db.delete(alias).where(and(eq(alias.slug, slug), eq(alias.current, false), free)),
    app.db.insert(alias).values({ slug, kind, target_id: targetId, current: true, created_at: now, updated_at: now }),
  ] as const
}

/** Turns the present slug of a target into an alias that is kept for 90 days. */
export function releaseSlug(app: App, targetId: string) {
  const now = app.clock()
  return app.db
    .update(alias)
    .set({ current: false, released_at: new Date(now.getTime() + KEEP_ALIAS_MS), updated_at: now })
    .where(and(eq(alias.target_id, targetId), eq(alias.current, true)))
}

/** The same for every workspace of the instances that `which` selects, for when they are deleted together. */
export function releaseWorkspaceSlugs(app: App, which: SQL) {
  const now = app.clock()
  const targets = app.db
    .select({ id: schema.workspace.id })
    .from(schema.workspace)
    .innerJoin(schema.instance, eq(schema.instance.id, schema.workspace.instance_id))
    .where(which)
  return app.db
    .update(alias)
    .set({ current: false, released_at: new Date(now.getTime() + KEEP_ALIAS_MS), updated_at: now })
    .where(and(inArray(alias.target_id, targets), eq(alias.current, true)))
}

/** The error of a failed batch: SLUG_TAKEN when the slug was the reason. */
export function slugTaken(cause: unknown): unknown {
  const violated = uniqueViolation(cause) ?? ''
  return /\b(?:slug_alias|workspace|organization)\.slug\b/.test(violated) ? new PilotError('SLUG_TAKEN') : cause
}

/** What a first path segment stands for, to this person. Throws NOT_FOUND, the same for missing and forbidden. */
export async function resolveSlug(app: App, actor: Actor, slug: string) {
  const membership = schema.organization_user_membership
  const live = and(eq(alias.slug, slug), or(eq(alias.current, true), gt(alias.released_at, app.clock())))
  const mine = and(eq(membership.organization_id, schema.organization.id), eq(membership.user_id, actor.user.id))
  const [organization] = await app.db
    .select({ id: schema.organization.id, slug: schema.organization.slug, current: alias.current })
    .from(alias)
    .innerJoin(schema.organization, eq(schema.organization.id, alias.target_id))
    .innerJoin(membership, mine)
    .where(and(live, eq(alias.kind, 'organization')))
    .limit(1)
  if (organization) return { kind: 'organization' as const, ...organization }
  const [workspace] = await app.db
    .select({ id: schema.workspace.id, slug: schema.workspace.slug, current: alias.current })
    .from(alias)
    .innerJoin(schema.workspace, eq(schema.workspace.id, alias.target_id))
    .innerJoin(schema.instance, eq(schema.instance.id, schema.workspace.instance_id))
    .innerJoin(schema.organization, eq(schema.organization.id, schema.instance.organization_id))
    .innerJoin(membership, mine)
    .where(and(live, eq(alias.kind, 'workspace'), isNull(schema.workspace.deleted_at)))
    .limit(1)
  if (workspace) return { kind: 'workspace' as const, ...workspace }
  throw new PilotError('NOT_FOUND')
}

/** Whether a slug can be taken now, and if not, why. Says nothing about who holds it. */
export async function slugAvailable(app: App, slug: string) {
  const problem = checkSlug(slug)
  if (problem) return { available: false, code: problem.code, message: problem.message }
  const held = or(eq(alias.current, true), gt(alias.released_at, app.clock()))
  const [row] = await app.db
    .select({ slug: alias.slug })
    .from(alias)
    .where(and(eq(alias.slug, slug), held))
    .limit(1)
  if (!row) return { available: true, code: null, message: null }
  const { code, message } = new PilotError('SLUG_TAKEN')
  return { available: false, code, message }
}
