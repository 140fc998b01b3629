import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { AgentKindSchema, AttentionSchema, SessionStatusSchema } from '../agent/model.ts'

/** What the control plane shows of its rows. Times are ISO 8601 strings; nothing secret has a field here. */
const time = z.string()
export const RoleSchema = z.enum(['owner', 'admin', 'member'])
export type Role = z.infer<typeof RoleSchema>

export const UserViewSchema = z.object({
  id: idSchema('user'),
  name: z.string(),
  email: z.string(),
  image: z.string().nullable(),
  role: z.enum(['user', 'admin']),
})
export type UserView = z.infer<typeof UserViewSchema>

export const OrganizationViewSchema = z.object({
  id: idSchema('organization'),
  name: z.string(),
  slug: z.string(),
  role: RoleSchema,
  created_at: time,
})
export type OrganizationView = z.infer<typeof OrganizationViewSchema>

export const MemberViewSchema = z.object({
  id: idSchema('organization_user_membership'),
  user_id: idSchema('user'),
  name: z.string(),
  email: z.string(),
  role: RoleSchema,
  created_at: time,
})
export type MemberView = z.infer<typeof MemberViewSchema>

export const InstanceViewSchema = z.object({
  id: idSchema('instance'),
  organization_id: idSchema('organization'),
  organization_slug: z.string(),
  name: z.string(),
  slug: z.string(),
  role: RoleSchema,
  created_at: time,
})
export type InstanceView = z.infer<typeof InstanceViewSchema>

export const MachineTypeSchema = z.enum(['local', 'manual', 'fly', 'digitalocean', 'daytona'])
export const MachineViewSchema = z.object({
  id: idSchema('machine'),
  instance_id: idSchema('instance'),
  name: z.string(),
  type: MachineTypeSchema,
  state: z.enum(['started', 'archived']),
  phase: z.string(),
  created_at: time,
  archived_at: time.nullable(),
  workspaces: z.number().int(),
  /** Null until a runtime was enrolled. */
  runtime: z
    .object({
      id: idSchema('runtime'),
      label: z.string(),
      online: z.boolean(),
      last_seen_at: time.nullable(),
      version: z.string().nullable(),
      os: z.string().nullable(),
      arch: z.string().nullable(),
      system: z.object({ cpus: z.number().optional(), ram: z.number().optional() }).nullable(),
      /** Fractions 0..1, from the last report; null when offline. */
      load: z.object({ cpu: z.number(), memory: z.number(), disk: z.number() }).nullable(),
    })
    .nullable(),
})
export type MachineView = z.infer<typeof MachineViewSchema>

export const WorkspaceTypeSchema = z.enum(['local', 'git', 'mount', 'sync'])
export const WorkspaceStatusSchema = z.enum([
  'creating',
  'ready',
  'error',
  'reassigning',
  'archived',
  'deleting',
  'deleted',
])
export const WorkspaceViewSchema = z.object({
  id: idSchema('workspace'),
  instance_id: idSchema('instance'),
  organization_id: idSchema('organization'),
  organization_slug: z.string(),
  instance_slug: z.string(),
  slug: z.string(),
  name: z.string(),
  type: WorkspaceTypeSchema,
  status: WorkspaceStatusSchema,
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  root_path: z.string().nullable(),
  role: RoleSchema,
  machine: z
    .object({
      id: idSchema('machine'),
      name: z.string(),
      runtime_id: idSchema('runtime'),
      online: z.boolean(),
      last_seen_at: time.nullable(),
    })
    .nullable(),
  /** Counts of sessions that are not archived, by what they need. */
  sessions: z.object({ waiting: z.number().int(), working: z.number().int(), total: z.number().int() }),
  created_at: time,
})
export type WorkspaceView = z.infer<typeof WorkspaceViewSchema>

export const SessionViewSchema = z.object({
  id: idSchema('agent_session'),
  workspace_id: idSchema('workspace'),
  agent: AgentKindSchema,
  title: z.string(),
  status: SessionStatusSchema,
  attention: AttentionSchema,
  activity: z.string(),
  branch: z.string().nullable(),
  additions: z.number().int(),
  deletions: z.number().int(),
  parent_id: idSchema('agent_session').nullable(),
  created_at: time,
  last_activity_at: time,
  archived_at: time.nullable(),
  /** Position of the journal that this row shows. */
  epoch: z.string(),
  seq: z.number().int(),
})
export type SessionView = z.infer<typeof SessionViewSchema>

export const ModelProviderSchema = z.enum(['demo', 'openrouter', 'anthropic', 'openai', 'custom'])
export const ModelSettingsViewSchema = z.object({
  provider: ModelProviderSchema,
  model: z.string(),
  base_url: z.string(),
  /** True when a sealed key is stored; the key is never shown. */
  has_key: z.boolean(),
  updated_at: time.nullable(),
})
export type ModelSettingsView = z.infer<typeof ModelSettingsViewSchema>
