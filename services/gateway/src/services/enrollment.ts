import { PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import { and, eq, gt, isNull } from 'drizzle-orm'
import { z } from 'zod'
import type { App } from '../app-context.ts'
import { constantTimeEqual, randomToken, sha256Hex } from '../crypto/token.ts'
import { type MachineRow, schema } from '../database.ts'
import type { RuntimeIdentity } from '../hub/port.ts'
import type { MachineScope } from '../policy/scope.ts'
import { type AuditActor, auditRow } from './audit.ts'

const { runtime, runtime_enrollment, workspace, workspace_assignment } = schema

/** An enrolment token is good for one use within this time. */
export const ENROLLMENT_MS = 15 * 60_000

/** Body of `POST /rt/enroll`. */
export const EnrollSchema = z.object({
  token: z.string().min(1).max(200),
  label: z.string().trim().min(1).max(120),
  os: z.string().max(64),
  arch: z.string().max(64),
  version: z.string().max(64),
  boot_id: z.string().max(80),
})

/** Makes a single-use token for a machine; only its hash is stored. Earlier unused ones stop working. */
export async function issueEnrollment(
  app: App,
  machine: MachineRow,
  by: { actor: AuditActor; organization_id: Id<'organization'> },
): Promise<{ token: string; expires_at: Date }> {
  const token = randomToken('pilot_enr_')
  const now = app.clock()
  const expires_at = new Date(now.getTime() + ENROLLMENT_MS)
  await app.db.batch([
    app.db
      .delete(runtime_enrollment)
      .where(and(eq(runtime_enrollment.machine_id, machine.id), isNull(runtime_enrollment.used_at))),
    app.db.insert(runtime_enrollment).values({
      machine_id: machine.id,
      instance_id: machine.instance_id,
      token_hash: await sha256Hex(token),
      expires_at,
      created_by: by.actor.user?.id ?? null,
      created_at: now,
      updated_at: now,
    }),
    auditRow(app, by.actor, {
      action: 'machine.enroll',
      organization_id: by.organization_id,
      target: machine.id,
    }),
  ])
  return { token, expires_at }
}

/** The token, and the command that asks for it: it is pasted into a prompt, never given as an argument. */
export async function enrollMachine(app: App, scope: MachineScope) {
  if (scope.machine.state === 'archived')
    throw new PilotError('CONFLICT', 'This machine is archived. Restore it before you enrol it.')
  const { actor, organization, machine } = scope
  const { token, expires_at } = await issueEnrollment(app, machine, { actor, organization_id: organization.id })
  return { token, command: `pilot join ${app.config.base_url}`, expires_at: expires_at.toISOString() }
}

/**
 * Exchanges an enrolment token for the identity of a runtime. The machine's earlier runtime, if any, is revoked in the
 * same batch and its workspaces follow, because the directories are still on that machine.
 * Throws LINK_EXPIRED for a token that is unknown, expired or used.
 */
export async function redeemEnrollment(
  app: App,
  input: z.infer<typeof EnrollSchema>,
  from: { request_id: string; ip: string },
): Promise<{ runtime_id: Id<'runtime'>; runtime_token: string; instance_id: Id<'instance'> }> {
  const now = app.clock()
  const [claimed] = await app.db
    .update(runtime_enrollment)
    .set({ used_at: now, updated_at: now })
    .where(
      and(
        eq(runtime_enrollment.token_hash, await sha256Hex(input.token)),
        isNull(runtime_enrollment.used_at),
        gt(runtime_enrollment.expires_at, now),
      ),
    )
    .returning()
  if (!claimed)
    throw new PilotError(
      'LINK_EXPIRED',
      'This enrolment token has expired or was already used. Create a new one under Machines.',
    )
  const [instance] = await app.db
    .select({ organization_id: schema.instance.organization_id })
    .from(schema.instance)
    .where(eq(schema.instance.id, claimed.instance_id))
  if (!instance) throw new PilotError('MACHINE_NOT_FOUND')
  const former = await app.db
    .select({ id: runtime.id })
    .from(runtime)
    .where(and(eq(runtime.machine_id, claimed.machine_id), isNull(runtime.revoked_at)))
  const moved = await Promise.all(
    former.map(({ id }) =>
      app.db
        .select({ id: workspace.id, generation: workspace.assignment_generation })
        .from(workspace)
        .where(and(eq(workspace.runtime_id, id), isNull(workspace.deleted_at))),
    ),
  )
  const runtime_id = newId('runtime')
  const runtime_token = randomToken('pilot_rt_')
  const times = { created_at: now, updated_at: now }
  const actor: AuditActor = { ...from, user: claimed.created_by ? { id: claimed.created_by } : undefined }
  await app.db.batch([
    app.db
      .update(runtime)
      .set({ status: 'revoked', revoked_at: now, updated_at: now })
      .where(and(eq(runtime.machine_id, claimed.machine_id), isNull(runtime.revoked_at))),
    app.db.insert(runtime).values({
      id: runtime_id,
      machine_id: claimed.machine_id,
      instance_id: claimed.instance_id,
      label: input.label,
      token_hash: await sha256Hex(runtime_token),
      os: input.os,
      arch: input.arch,
      version: input.version,
      boot_id: input.boot_id,
      ...times,
    }),
    ...moved.flat().flatMap(({ id, generation }) => [
      app.db
        .update(workspace_assignment)
        .set({ ended_at: now, outcome: 'moved', updated_at: now })
        .where(and(eq(workspace_assignment.workspace_id, id), isNull(workspace_assignment.ended_at))),
      app.db.insert(workspace_assignment).values({
        workspace_id: id,
        instance_id: claimed.instance_id,
        runtime_id,
        generation: generation + 1,
        reason: 'manual',
        actor_user_id: claimed.created_by,
        started_at: now,
        ...times,
      }),
      app.db
        .update(workspace)
        .set({ runtime_id, assignment_generation: generation + 1, updated_at: now })
        .where(eq(workspace.id, id)),
      app.db.update(schema.agent_session).set({ runtime_id }).where(eq(schema.agent_session.workspace_id, id)),
    ]),
    auditRow(app, actor, {
      action: 'runtime.enrolled',
      organization_id: instance.organization_id,
      target: claimed.machine_id,
      detail: { runtime_id, label: input.label },
    }),
  ])
  for (const { id } of former) await app.hub.disconnectRuntime(id, 4003, 'the machine was enrolled again')
  await app.hub.invalidate(instance.organization_id, [['machine', 'list', claimed.instance_id]], from.request_id)
  return { runtime_id, runtime_token, instance_id: claimed.instance_id }
}

/**
 * The identity behind a runtime's bearer token. Throws NOT_FOUND for a runtime that does not exist (a control plane that
 * lost it), UNAUTHENTICATED for a revoked one or a wrong token.
 */
export async function authenticateRuntime(app: App, runtimeId: Id<'runtime'>, token: string): Promise<RuntimeIdentity> {
  const given = await sha256Hex(token)
  const [row] = await app.db
    .select({ runtime, organization: schema.instance.organization_id })
    .from(runtime)
    .innerJoin(schema.instance, eq(schema.instance.id, runtime.instance_id))
    .where(eq(runtime.id, runtimeId))
    .limit(1)
  if (!row) throw new PilotError('NOT_FOUND', 'This runtime is not known here. Enrol the machine again.')
  if (!constantTimeEqual(row.runtime.token_hash, given) || row.runtime.revoked_at !== null)
    throw new PilotError('UNAUTHENTICATED', 'This runtime was revoked, or its token is wrong. Enrol the machine again.')
  return { runtime_id: runtimeId, instance_id: row.runtime.instance_id, organization_id: row.organization }
}
