import { PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import { generateSlug } from '@pilot/domain/slugs'
import { and, asc, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import type { App } from '../app-context.ts'
import { ensureOwner } from '../auth/owner-link.ts'
import { type MachineRow, schema, type WorkspaceRow } from '../database.ts'
import type { Actor } from '../policy/scope.ts'
import { assignmentRow } from '../services/assignment.ts'
import { auditRow } from '../services/audit.ts'
import { normalizeDirectory, overlap } from '../services/directory.ts'
import { issueEnrollment } from '../services/enrollment.ts'
import { createOrganization } from '../services/organization.ts'
import { prepareWorkspace } from '../services/preparation.ts'
import { claimSlug } from '../services/slug.ts'
import { newWorkspaceRow } from '../services/workspace.ts'

const { instance, machine, organization, organization_user_membership, runtime, workspace } = schema

const label = z
  .string()
  .trim()
  .min(1)
  .transform((text) => text.slice(0, 80))
/** Body of `POST /local-setup`. */
export const LocalSetupSchema = z.strictObject({
  user_name: label,
  machine_name: label,
  /** First workspace; null asks for the demo repository where there is no workspace yet. */
  directory: z.string().max(4_096).nullable(),
  demo_directory: z.string().max(4_096),
})
type LocalSetup = z.infer<typeof LocalSetupSchema>

export interface LocalSetupResult {
  /** The identity that this computer's daemon has already, or a token that it gets one with. */
  runtime: { runtime_id: Id<'runtime'> } | { enrollment_token: string }
  /** Null when every workspace was deleted by its owner. */
  workspace_slug: string | null
}

/**
 * Sets up what a newcomer needs on this computer: owner, organization, instance, local machine, first workspace. Safe to
 * repeat: whatever exists is found again, and nothing that its owner deleted comes back.
 */
export async function localSetup(
  app: App,
  input: LocalSetup,
  identity: { runtime_id: Id<'runtime'> | null; request_id: string },
): Promise<LocalSetupResult> {
  const ownerId = await ensureOwner(app, input.user_name)
  const actor = localActor(ownerId, input.user_name, identity.request_id)
  const box = (await findMachine(app, ownerId)) ?? (await makeMachine(app, actor, input.machine_name))
  const [live] = await app.db
    .select()
    .from(runtime)
    .where(and(eq(runtime.machine_id, box.machine.id), isNull(runtime.revoked_at)))
    .limit(1)
  const known = live !== undefined && live.id === identity.runtime_id
  const slug = await firstWorkspace(app, actor, box, input, live?.id ?? null)
  if (known) return { runtime: { runtime_id: live.id }, workspace_slug: slug }
  const by = { actor, organization_id: box.organization_id }
  const { token } = await issueEnrollment(app, box.machine, by)
  return { runtime: { enrollment_token: token }, workspace_slug: slug }
}

interface Box {
  machine: MachineRow
  organization_id: Id<'organization'>
}

/** The operating system's user, who acts as the owner without a sign-in session. */
const localActor = (id: Id<'user'>, name: string, request_id: string): Actor => ({
  user: { id, name, email: 'owner@localhost', image: null, role: 'admin' },
  session_id: newId('session'),
  impersonator_id: null,
  request_id,
  ip: 'local',
})

/** The machine that an earlier setup made, in whichever organization of the owner it stands now. */
async function findMachine(app: App, ownerId: Id<'user'>): Promise<Box | undefined> {
  const rows = await app.db
    .select({ machine, organization_id: instance.organization_id })
    .from(machine)
    .innerJoin(instance, eq(instance.id, machine.instance_id))
    .innerJoin(
      organization_user_membership,
      and(
        eq(organization_user_membership.organization_id, instance.organization_id),
        eq(organization_user_membership.user_id, ownerId),
      ),
    )
    .where(eq(machine.type, 'local'))
    .orderBy(asc(machine.id))
    .limit(100)
  return rows.find((row) => row.machine.metadata.supervised === true)
}

async function makeMachine(app: App, actor: Actor, name: string): Promise<Box> {
  const now = app.clock()
  const times = { created_at: now, updated_at: now }
  const [owned] = await app.db
    .select({ id: organization.id })
    .from(organization_user_membership)
    .innerJoin(organization, eq(organization.id, organization_user_membership.organization_id))
    .where(and(eq(organization_user_membership.user_id, actor.user.id), eq(organization_user_membership.role, 'owner')))
    .orderBy(asc(organization.id))
    .limit(1)
  const organization_id = owned?.id ?? (await createOrganization(app, actor, { name: 'My organization' })).id
  const [existing] = await app.db
    .select({ id: instance.id })
    .from(instance)
    .where(eq(instance.organization_id, organization_id))
    .orderBy(asc(instance.id))
    .limit(1)
  const instance_id = existing?.id ?? newId('instance')
  const values = { instance_id, name, type: 'local' as const, metadata: { supervised: true }, ...times }
  const audited = auditRow(app, actor, { action: 'machine.create', organization_id, detail: { supervised: true } })
  if (!existing) {
    const fresh = { id: instance_id, organization_id, name: 'Main', slug: generateSlug('main'), ...times }
    await app.db.insert(instance).values(fresh)
  }
  const [[row]] = await app.db.batch([app.db.insert(machine).values(values).returning(), audited])
  if (!row) throw new PilotError('INTERNAL')
  return { machine: row, organization_id }
}

async function firstWorkspace(
  app: App,
  actor: Actor,
  box: Box,
  input: LocalSetup,
  runtimeId: Id<'runtime'> | null,
): Promise<string | null> {
  const all = await app.db
    .select()
    .from(workspace)
    .where(eq(workspace.instance_id, box.machine.instance_id))
    .orderBy(asc(workspace.id))
    .limit(2_000)
  const living = all.filter((row) => row.deleted_at === null)
  if (input.directory === null) {
    if (all.length > 0) return living[0]?.slug ?? null
    return makeWorkspace(app, actor, box, normalizeDirectory(input.demo_directory), runtimeId)
  }
  const directory = normalizeDirectory(input.directory)
  const same = living.find((row) => rootsOf(row).some((root) => overlap(directory, root) !== null))
  return same?.slug ?? makeWorkspace(app, actor, box, directory, runtimeId)
}

const rootsOf = (row: WorkspaceRow): string[] =>
  [row.root_path, row.config.directory].filter((root) => typeof root === 'string')

/** Makes the row. Without a runtime it waits in `creating` for the first hello of this machine. */
async function makeWorkspace(
  app: App,
  actor: Actor,
  box: Box,
  directory: string,
  runtimeId: Id<'runtime'> | null,
): Promise<string> {
  const name = directory.slice(directory.lastIndexOf('/') + 1).slice(0, 80)
  const row = newWorkspaceRow(app, {
    id: newId('workspace'),
    instance_id: box.machine.instance_id,
    slug: generateSlug(name),
    name,
    type: 'local',
    config: { directory, machine_id: box.machine.id },
    runtime_id: runtimeId,
    created_by: actor.user.id,
  })
  const entry = { action: 'workspace.create', organization_id: box.organization_id, target: row.id }
  const pin = { workspace_id: row.id, instance_id: row.instance_id, generation: 1, actor_user_id: actor.user.id }
  await app.db.batch([
    ...claimSlug(app, 'workspace', row.id, row.slug),
    app.db.insert(workspace).values(row),
    ...(runtimeId ? [assignmentRow(app, { ...pin, runtime_id: runtimeId })] : []),
    auditRow(app, actor, entry),
  ])
  if (runtimeId) app.defer(prepareWorkspace(app, row))
  return row.slug
}
