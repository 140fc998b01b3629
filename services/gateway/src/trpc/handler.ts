import { PilotError } from '@pilot/domain/errors'
import { isId } from '@pilot/domain/ids'
import type { Contract, Policy, Procedure } from '@pilot/protocol/api/contract'
import type { z } from 'zod'
import { DEV_LOGIN_COMPILED_IN } from '../auth/compiled-in.ts'
import {
  type Actor,
  type InstanceScope,
  instanceById,
  type MachineScope,
  machineById,
  type OrganizationScope,
  organizationBySlug,
  requirePlatformAdmin,
  type WorkspaceScope,
  workspaceBySlug,
} from '../policy/scope.ts'
import { actorOf, type CallContext } from './init.ts'

/** What a handler is given, by the policy that its procedure declares in the contract. */
interface ScopeByKind {
  public: null
  user: Actor
  organization: OrganizationScope
  instance: InstanceScope
  machine: MachineScope
  workspace: WorkspaceScope
  'platform-admin': Actor
  testing: null
}

export type Handler<P extends Procedure> = (call: {
  ctx: CallContext
  scope: ScopeByKind[P['policy']['kind']]
  input: z.output<P['input']>
}) => Promise<z.input<P['output']>>

/** One handler per procedure of the contract: a missing one, or one of another shape, does not compile. */
export type Handlers = {
  [R in keyof Contract]: {
    [P in keyof Contract[R]]: Contract[R][P] extends Procedure ? Handler<Contract[R][P]> : never
  }
}

/** True where test helpers and the sign-in for development exist. */
export const testingAllowed = ({ config }: CallContext['app']): boolean =>
  DEV_LOGIN_COMPILED_IN && config.stage !== 'production' && config.loopback

/** What can be decided before the input is read: who may call at all. */
export function admit(policy: Policy, ctx: CallContext): void {
  if (policy.kind === 'public') return
  if (policy.kind === 'testing') {
    if (!testingAllowed(ctx.app)) throw new PilotError('NOT_FOUND')
    return
  }
  const actor = actorOf(ctx)
  if (policy.kind === 'platform-admin') requirePlatformAdmin(actor)
}

const field = (input: unknown, name: string): string => {
  const value = typeof input === 'object' && input !== null ? Reflect.get(input, name) : undefined
  return typeof value === 'string' ? value : ''
}

/** Resolves the id or slug in a parsed input to a scope of the caller, as the policy asks. */
export async function resolveScope(policy: Policy, ctx: CallContext, input: unknown): Promise<unknown> {
  switch (policy.kind) {
    case 'public':
    case 'testing':
      return null
    case 'user':
    case 'platform-admin':
      return actorOf(ctx)
    case 'organization':
      return organizationBySlug(ctx.app, actorOf(ctx), field(input, 'organization_slug'), policy.min)
    case 'instance': {
      const id = field(input, 'instance_id')
      if (!isId('instance', id)) throw new PilotError('INSTANCE_NOT_FOUND')
      return instanceById(ctx.app, actorOf(ctx), id, policy.min)
    }
    case 'machine': {
      const id = field(input, 'machine_id')
      if (!isId('machine', id)) throw new PilotError('MACHINE_NOT_FOUND')
      return machineById(ctx.app, actorOf(ctx), id, policy.min)
    }
    case 'workspace':
      return workspaceBySlug(ctx.app, actorOf(ctx), field(input, 'workspace_slug'), policy.min)
  }
}
