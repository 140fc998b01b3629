import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'
import { RepoIdSchema } from './repo.ts'
import { RuntimeIdSchema } from './runtime.ts'
import { UserIdSchema } from './user.ts'
import { WorkspaceIdSchema } from './workspace.ts'

export const AgentSessionIdSchema = idSchema('agent_session')
export type AgentSessionId = z.infer<typeof AgentSessionIdSchema>

export const AgentKindSchema = z.enum(['opencode', 'claude-code', 'codex', 'gemini', 'none'])
export type AgentKind = z.infer<typeof AgentKindSchema>

export const AgentSessionStatusSchema = z.enum([
  'creating',
  'idle',
  'busy',
  'retry',
  'waiting',
  'interrupted',
  'error',
  'archived',
])
export type AgentSessionStatus = z.infer<typeof AgentSessionStatusSchema>

export const AgentSessionAttentionSchema = z.enum(['none', 'permission', 'question', 'error', 'done'])
export type AgentSessionAttention = z.infer<typeof AgentSessionAttentionSchema>

/** Projection of a session's journal on its runtime; written only when `(epoch, seq)` is newer. */
export const AgentSessionSchema = z.object({
  id: AgentSessionIdSchema,
  instance_id: InstanceIdSchema,
  workspace_id: WorkspaceIdSchema,
  runtime_id: RuntimeIdSchema,
  repo_id: RepoIdSchema.nullable(),
  worktree_id: idSchema('worktree').nullable(),
  agent: AgentKindSchema,
  /** The engine's own id of the session. */
  external_id: z.string().nullable(),
  title: z.string(),
  status: AgentSessionStatusSchema,
  attention: AgentSessionAttentionSchema,
  /** One line of what is going on or what is asked; empty when idle. */
  activity: z.string(),
  branch: z.string().nullable(),
  additions: z.int(),
  deletions: z.int(),
  epoch: z.string(),
  seq: z.int(),
  parent_id: AgentSessionIdSchema.nullable(),
  created_by: UserIdSchema.nullable(),
  last_activity_at: z.date(),
  archived_at: z.date().nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type AgentSession = z.infer<typeof AgentSessionSchema>
