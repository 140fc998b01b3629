import { PilotError } from '@pilot/domain/errors'
import { findOrCreateUser, updateUser, userView } from '../auth/users.ts'
import type { Actor } from '../policy/scope.ts'
import { callProcedure, impersonate, listProcedures, sessionInfo, stopImpersonating } from '../services/admin.ts'
import { enrollMachine } from '../services/enrollment.ts'
import { createInstance, deleteInstance, getInstance, listInstances, renameInstance } from '../services/instance.ts'
import {
  archiveMachine,
  createMachine,
  deleteMachine,
  listMachines,
  renameMachine,
  restoreMachine,
  revokeMachine,
} from '../services/machine.ts'
import { listMembers, removeMember, setRole } from '../services/membership.ts'
import { getModel, setModel } from '../services/model.ts'
import {
  createOrganization,
  deleteOrganization,
  listOrganizations,
  organizationView,
  renameOrganization,
} from '../services/organization.ts'
import { listSessions } from '../services/session.ts'
import { resolveSlug, slugAvailable } from '../services/slug.ts'
import {
  archiveWorkspace,
  createWorkspace,
  deleteWorkspace,
  renameWorkspace,
  retryWorkspace,
} from '../services/workspace.ts'
import { getWorkspace, listWorkspaces } from '../services/workspace-view.ts'
import { type Handlers, testingAllowed } from './handler.ts'

const done = { ok: true } as const

/** Secrets and machine identities are not for somebody who acts as another person. */
function notImpersonated(actor: Actor): void {
  if (actor.impersonator_id !== null)
    throw new PilotError('FORBIDDEN', 'This is not possible while you act as somebody else.')
}

/** Every procedure of the contract: a thin adapter over one service function. */
export const handlers: Handlers = {
  user: {
    session: async ({ ctx }) => ({
      user: ctx.identity ? userView(ctx.identity.user) : null,
      impersonated_by: ctx.identity?.impersonator_id ?? null,
      login: {
        providers: ctx.app.config.providers.map(({ id, label }) => ({ id, label })),
        dev_login: testingAllowed(ctx.app),
      },
      version: ctx.app.config.version,
    }),
    update: ({ ctx, scope, input }) => updateUser(ctx.app, scope, input),
  },
  organization: {
    list: ({ ctx, scope }) => listOrganizations(ctx.app, scope),
    get: async ({ scope }) => organizationView(scope.organization, scope.role),
    create: ({ ctx, scope, input }) => createOrganization(ctx.app, scope, input),
    rename: ({ ctx, scope, input }) => renameOrganization(ctx.app, scope, input),
    delete: async ({ ctx, scope }) => {
      await deleteOrganization(ctx.app, scope)
      return done
    },
    members: ({ ctx, scope, input }) => listMembers(ctx.app, scope, input),
    set_role: ({ ctx, scope, input }) => setRole(ctx.app, scope, input),
    remove_member: async ({ ctx, scope, input }) => {
      await removeMember(ctx.app, scope, input)
      return done
    },
  },
  instance: {
    list: ({ ctx, scope }) => listInstances(ctx.app, scope),
    get: ({ ctx, scope, input }) => getInstance(ctx.app, scope, input.instance_slug),
    create: ({ ctx, scope, input }) => createInstance(ctx.app, scope, input),
    rename: ({ ctx, scope, input }) => renameInstance(ctx.app, scope, input),
    delete: async ({ ctx, scope }) => {
      await deleteInstance(ctx.app, scope)
      return done
    },
  },
  machine: {
    list: ({ ctx, scope, input }) => listMachines(ctx.app, scope, input),
    create: ({ ctx, scope, input }) => createMachine(ctx.app, scope, input),
    rename: ({ ctx, scope, input }) => renameMachine(ctx.app, scope, input),
    archive: ({ ctx, scope }) => archiveMachine(ctx.app, scope),
    restore: ({ ctx, scope }) => restoreMachine(ctx.app, scope),
    delete: async ({ ctx, scope, input }) => {
      await deleteMachine(ctx.app, scope, input)
      return done
    },
    enroll: ({ ctx, scope }) => {
      notImpersonated(scope.actor)
      return enrollMachine(ctx.app, scope)
    },
    revoke: async ({ ctx, scope }) => {
      await revokeMachine(ctx.app, scope)
      return done
    },
  },
  workspace: {
    list: ({ ctx, scope, input }) => listWorkspaces(ctx.app, scope, input),
    get: ({ ctx, scope }) => getWorkspace(ctx.app, scope),
    create: ({ ctx, scope, input }) => createWorkspace(ctx.app, scope, input),
    rename: ({ ctx, scope, input }) => renameWorkspace(ctx.app, scope, input),
    retry: ({ ctx, scope }) => retryWorkspace(ctx.app, scope),
    archive: ({ ctx, scope }) => archiveWorkspace(ctx.app, scope, true),
    restore: ({ ctx, scope }) => archiveWorkspace(ctx.app, scope, false),
    delete: async ({ ctx, scope }) => {
      await deleteWorkspace(ctx.app, scope)
      return done
    },
    sessions: ({ ctx, scope, input }) => listSessions(ctx.app, scope, input),
  },
  slug: {
    resolve: ({ ctx, scope, input }) => resolveSlug(ctx.app, scope, input.slug),
    available: ({ ctx, input }) => slugAvailable(ctx.app, input.slug),
  },
  model: {
    get: ({ ctx, scope }) => getModel(ctx.app, scope),
    set: ({ ctx, scope, input }) => {
      notImpersonated(scope.actor)
      return setModel(ctx.app, scope, input)
    },
  },
  admin: {
    list_procedures: async () => listProcedures(),
    call_procedure: ({ ctx, scope, input }) => callProcedure(ctx, scope, input),
    impersonate: async ({ ctx, scope, input }) => {
      await impersonate(ctx, scope, input)
      return done
    },
    stop_impersonating: async ({ ctx, scope }) => {
      await stopImpersonating(ctx, scope)
      return done
    },
    session_info: ({ ctx, scope }) => sessionInfo(ctx.app, scope),
  },
  testing: {
    create_user: async ({ ctx, input }) => userView(await findOrCreateUser(ctx.app, input)),
  },
}
