import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import {
  InstanceViewSchema,
  MachineTypeSchema,
  MachineViewSchema,
  MemberViewSchema,
  ModelProviderSchema,
  ModelSettingsViewSchema,
  OrganizationViewSchema,
  RoleSchema,
  SessionViewSchema,
  UserViewSchema,
  WorkspaceTypeSchema,
  WorkspaceViewSchema,
} from './views.ts'

/**
 * Who may call a procedure. The gateway's middleware reads this from the contract, so that a procedure without a policy
 * does not compile. `organization` and `instance` resolve the id or slug in the input to a membership of the caller in
 * the same query; `min` is the least role.
 */
export type Policy =
  | { kind: 'public' }
  | { kind: 'user' }
  | { kind: 'organization'; min: 'member' | 'admin' | 'owner' }
  | { kind: 'instance'; min: 'member' | 'admin' | 'owner' }
  | { kind: 'machine'; min: 'member' | 'admin' | 'owner' }
  | { kind: 'workspace'; min: 'member' | 'admin' | 'owner' }
  | { kind: 'platform-admin' }
  | { kind: 'testing' }

export interface Procedure<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  P extends Policy = Policy,
> {
  type: 'query' | 'mutation'
  policy: P
  input: I
  output: O
}
const query = <const P extends Policy, I extends z.ZodType, O extends z.ZodType>(policy: P, input: I, output: O) => ({
  type: 'query' as const,
  policy,
  input,
  output,
})
const mutation = <const P extends Policy, I extends z.ZodType, O extends z.ZodType>(
  policy: P,
  input: I,
  output: O,
) => ({
  type: 'mutation' as const,
  policy,
  input,
  output,
})

const nothing = z.undefined().or(z.strictObject({}))
const done = z.object({ ok: z.literal(true) })
const name = z
  .string()
  .trim()
  .min(1, { message: 'must not be empty' })
  .max(80, { message: 'must have at most 80 characters' })
  .refine((v) => v.isWellFormed(), { message: 'holds a broken character' })
const slug = z.string().max(80)
const org = z.strictObject({ organization_slug: slug })
const inst = z.strictObject({ instance_id: idSchema('instance') })
const mach = z.strictObject({ machine_id: idSchema('machine') })
const ws = z.strictObject({ workspace_slug: slug })
const page = { cursor: z.string().max(200).optional(), limit: z.number().int().min(1).max(200).optional() }
const paged = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next_cursor: z.string().nullable() })

const member = { min: 'member' } as const
const admin = { min: 'admin' } as const
const owner = { min: 'owner' } as const

/**
 * The application's API, served by the gateway as tRPC under /api/trpc (`router.procedure`). Everything that is created
 * by a person takes a client-made `id` where the screen may have to repeat the call.
 */
export const contract = {
  user: {
    /** Who am I, and how may one sign in here. Public: the sign-in page needs the second half. */
    session: query(
      { kind: 'public' },
      nothing,
      z.object({
        user: UserViewSchema.nullable(),
        impersonated_by: idSchema('user').nullable(),
        login: z.object({
          providers: z.array(z.object({ id: z.string(), label: z.string() })),
          dev_login: z.boolean(),
        }),
        version: z.string(),
      }),
    ),
    update: mutation({ kind: 'user' }, z.strictObject({ name }), UserViewSchema),
  },
  organization: {
    list: query({ kind: 'user' }, nothing, z.array(OrganizationViewSchema)),
    get: query({ kind: 'organization', ...member }, org, OrganizationViewSchema),
    create: mutation({ kind: 'user' }, z.strictObject({ name }), OrganizationViewSchema),
    rename: mutation({ kind: 'organization', ...admin }, org.extend({ name }), OrganizationViewSchema),
    delete: mutation({ kind: 'organization', ...owner }, org, done),
    members: query({ kind: 'organization', ...member }, org.extend(page), paged(MemberViewSchema)),
    set_role: mutation(
      { kind: 'organization', ...admin },
      org.extend({ member_id: idSchema('organization_user_membership'), role: RoleSchema }),
      MemberViewSchema,
    ),
    remove_member: mutation(
      { kind: 'organization', ...admin },
      org.extend({ member_id: idSchema('organization_user_membership') }),
      done,
    ),
  },
  instance: {
    list: query({ kind: 'organization', ...member }, org, z.array(InstanceViewSchema)),
    get: query({ kind: 'organization', ...member }, org.extend({ instance_slug: slug }), InstanceViewSchema),
    create: mutation({ kind: 'organization', ...admin }, org.extend({ name }), InstanceViewSchema),
    rename: mutation({ kind: 'instance', ...admin }, inst.extend({ name }), InstanceViewSchema),
    delete: mutation({ kind: 'instance', ...owner }, inst, done),
  },
  machine: {
    list: query(
      { kind: 'instance', ...member },
      inst.extend({ archived: z.boolean().optional(), ...page }),
      paged(MachineViewSchema),
    ),
    create: mutation(
      { kind: 'instance', ...member },
      inst.extend({ name, type: MachineTypeSchema.default('manual') }),
      MachineViewSchema,
    ),
    rename: mutation({ kind: 'machine', ...member }, mach.extend({ name }), MachineViewSchema),
    archive: mutation({ kind: 'machine', ...member }, mach, MachineViewSchema),
    restore: mutation({ kind: 'machine', ...member }, mach, MachineViewSchema),
    delete: mutation({ kind: 'machine', ...admin }, mach.extend({ force: z.boolean().optional() }), done),
    /** A single-use enrolment token (15 min), shown once, and the command to paste on the machine. */
    enroll: mutation(
      { kind: 'machine', ...admin },
      mach,
      z.object({ token: z.string(), command: z.string(), expires_at: z.string() }),
    ),
    revoke: mutation({ kind: 'machine', ...admin }, mach, done),
  },
  workspace: {
    list: query(
      { kind: 'instance', ...member },
      inst.extend({ archived: z.boolean().optional(), ...page }),
      paged(WorkspaceViewSchema),
    ),
    get: query({ kind: 'workspace', ...member }, ws, WorkspaceViewSchema),
    create: mutation(
      { kind: 'instance', ...member },
      inst.extend({
        name,
        slug: slug.optional(),
        type: WorkspaceTypeSchema.default('local'),
        /** `local`: absolute directory on the machine. */
        directory: z.string().max(4_096).optional(),
        /** `git`: clone URL. */
        url: z.string().max(2_048).optional(),
        runtime_id: idSchema('runtime').optional(),
      }),
      WorkspaceViewSchema,
    ),
    rename: mutation(
      { kind: 'workspace', ...member },
      ws.extend({ name: name.optional(), slug: slug.optional() }),
      WorkspaceViewSchema,
    ),
    retry: mutation({ kind: 'workspace', ...member }, ws, WorkspaceViewSchema),
    archive: mutation({ kind: 'workspace', ...member }, ws, WorkspaceViewSchema),
    restore: mutation({ kind: 'workspace', ...member }, ws, WorkspaceViewSchema),
    /** Forgets the workspace; the directory of a `local` one is left untouched. */
    delete: mutation({ kind: 'workspace', ...member }, ws, done),
    sessions: query(
      { kind: 'workspace', ...member },
      ws.extend({ archived: z.boolean().optional(), ...page }),
      paged(SessionViewSchema),
    ),
  },
  slug: {
    resolve: query(
      { kind: 'user' },
      z.strictObject({ slug }),
      z.object({ kind: z.enum(['organization', 'workspace']), id: z.string(), slug: z.string(), current: z.boolean() }),
    ),
    available: query(
      { kind: 'user' },
      z.strictObject({ slug }),
      z.object({ available: z.boolean(), code: z.string().nullable(), message: z.string().nullable() }),
    ),
  },
  model: {
    get: query({ kind: 'instance', ...member }, inst, ModelSettingsViewSchema),
    /** `api_key` absent keeps the stored one; provider `demo` forgets it. */
    set: mutation(
      { kind: 'instance', ...admin },
      inst.extend({
        provider: ModelProviderSchema,
        model: z.string().trim().max(200).default(''),
        base_url: z.string().trim().max(2_048).default(''),
        api_key: z.string().trim().min(1).max(4_096).optional(),
      }),
      ModelSettingsViewSchema,
    ),
  },
  admin: {
    list_procedures: query(
      { kind: 'platform-admin' },
      nothing,
      z.array(
        z.object({ path: z.string(), type: z.enum(['query', 'mutation']), policy: z.string(), input: z.unknown() }),
      ),
    ),
    call_procedure: mutation(
      { kind: 'platform-admin' },
      z.strictObject({ path: z.string().max(100), input: z.unknown() }),
      z.object({ result: z.unknown() }),
    ),
    impersonate: mutation(
      { kind: 'platform-admin' },
      z.strictObject({ user_id: idSchema('user'), reason: z.string().trim().min(3).max(500) }),
      done,
    ),
    stop_impersonating: mutation({ kind: 'user' }, nothing, done),
    session_info: query({ kind: 'platform-admin' }, nothing, z.record(z.string(), z.unknown())),
  },
  testing: {
    /** Dev and test stages only; the router does not exist in a production build. */
    create_user: mutation(
      { kind: 'testing' },
      z.strictObject({ email: z.email(), name: name.optional(), platform_admin: z.boolean().optional() }),
      UserViewSchema,
    ),
  },
} as const satisfies Record<string, Record<string, Procedure>>

export type Contract = typeof contract
export type ContractInput<P extends Procedure> = z.input<P['input']>
export type ContractOutput<P extends Procedure> = z.output<P['output']>
