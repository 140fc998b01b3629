import { RuntimeSystemSchema } from '@pilot/domain/entities/runtime'
import type { Id } from '@pilot/domain/ids'
import { and, asc, eq, gt, isNull, notInArray } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { schema } from '../database.ts'
import type { HubBackend, MemberIdentity, RuntimeHello } from '../hub/port.ts'
import { modelForRuntime } from '../services/model.ts'
import { continueWorkspaces, describeWorkspace } from '../services/preparation.ts'
import { projectSummary } from '../services/session.ts'
import { projectTerminals } from './terminal-rows.ts'

const { machine, runtime, workspace } = schema

/** The rows that a hello sets. */
const helloColumns = (hello: RuntimeHello) => ({
  version: hello.version,
  os: hello.os,
  arch: hello.arch,
  boot_id: hello.boot_id,
  capabilities: hello.capabilities,
  system: RuntimeSystemSchema.catch({}).parse(hello.system),
})

/** What the hubs ask of the control plane, answered from the database. */
export function makeHubBackend(app: App): HubBackend {
  async function organizationOf(runtimeId: Id<'runtime'>) {
    const [row] = await app.db
      .select({ id: schema.instance.organization_id, instance_id: runtime.instance_id, machine_id: runtime.machine_id })
      .from(runtime)
      .innerJoin(schema.instance, eq(schema.instance.id, runtime.instance_id))
      .where(eq(runtime.id, runtimeId))
      .limit(1)
    return row
  }

  return {
    async onPresence(runtimeId, change) {
      const row = await organizationOf(runtimeId)
      if (!row) return
      await app.db
        .update(runtime)
        .set({
          status: change.online ? 'online' : 'offline',
          last_seen_at: change.at,
          updated_at: app.clock(),
          ...(change.hello ? helloColumns(change.hello) : {}),
        })
        .where(and(eq(runtime.id, runtimeId), isNull(runtime.revoked_at)))
      if (change.hello) {
        // First hello of a machine: whatever was waiting for it has come to an end.
        await app.db
          .update(machine)
          .set({ phase: 'active', provisioning_deadline_at: null, updated_at: app.clock() })
          .where(and(eq(machine.id, row.machine_id), notInArray(machine.phase, ['active', 'deleting'])))
        app.defer(continueWorkspaces(app, runtimeId))
      }
      await app.hub.invalidate(row.id, [
        ['machine', 'list', row.instance_id],
        ['workspace', 'list', row.instance_id],
        ['workspace', 'get'],
      ])
    },

    async welcome(runtimeId) {
      const [row] = await app.db
        .select({ instance_id: runtime.instance_id })
        .from(runtime)
        .where(and(eq(runtime.id, runtimeId), isNull(runtime.revoked_at)))
        .limit(1)
      if (!row) return { workspaces: [], model: null }
      const workspaces = await app.db
        .select()
        .from(workspace)
        .where(and(eq(workspace.runtime_id, runtimeId), isNull(workspace.deleted_at)))
        .orderBy(asc(workspace.id))
        .limit(2_000)
      return {
        workspaces: workspaces.map(describeWorkspace),
        model: await modelForRuntime(app, row.instance_id),
      }
    },

    async onSummary(runtimeId, summary) {
      await projectSummary(app, runtimeId, summary)
    },

    async onTerminals(runtimeId, change) {
      const { workspaces, ...outcome } = await projectTerminals(app, runtimeId, change)
      if (workspaces.length > 0) {
        const row = await organizationOf(runtimeId)
        const keys = workspaces.map((id) => ['terminal', 'list', id])
        if (row) await app.hub.invalidate(row.id, keys)
      }
      return outcome
    },

    async viewerAllowed(identity) {
      if ((await roleOf(app, identity)) !== identity.role) return false
      const [pinned] = await app.db
        .select({ id: workspace.id })
        .from(workspace)
        .where(
          and(
            eq(workspace.id, identity.workspace_id),
            eq(workspace.instance_id, identity.instance_id),
            eq(workspace.runtime_id, identity.runtime_id),
            eq(workspace.assignment_generation, identity.generation),
            isNull(workspace.deleted_at),
          ),
        )
        .limit(1)
      return pinned !== undefined
    },

    async memberAllowed(identity) {
      return (await roleOf(app, identity)) !== null
    },
  }
}

/** The role behind a socket, if its sign-in session still lives and the membership still exists. */
async function roleOf(app: App, identity: MemberIdentity) {
  const membership = schema.organization_user_membership
  const [row] = await app.db
    .select({ role: membership.role })
    .from(schema.session)
    .innerJoin(membership, eq(membership.user_id, schema.session.user_id))
    .where(
      and(
        eq(schema.session.id, identity.session_id),
        eq(schema.session.user_id, identity.user_id),
        gt(schema.session.expires_at, app.clock()),
        eq(membership.organization_id, identity.organization_id),
      ),
    )
    .limit(1)
  return row?.role ?? null
}
