import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { AgentSessionIdSchema } from './agent-session.ts'
import { InstanceIdSchema } from './instance.ts'
import { RepoIdSchema } from './repo.ts'
import { RuntimeIdSchema } from './runtime.ts'
import { WorkspaceIdSchema } from './workspace.ts'

export const WorktreeIdSchema = idSchema('worktree')
export type WorktreeId = z.infer<typeof WorktreeIdSchema>

export const WorktreeStateSchema = z.enum(['creating', 'ready', 'error', 'removing', 'removed', 'orphaned'])
export type WorktreeState = z.infer<typeof WorktreeStateSchema>

/** A git worktree of a session. */
export const WorktreeSchema = z.object({
  id: WorktreeIdSchema,
  instance_id: InstanceIdSchema,
  workspace_id: WorkspaceIdSchema,
  repo_id: RepoIdSchema.nullable(),
  runtime_id: RuntimeIdSchema,
  agent_session_id: AgentSessionIdSchema.nullable(),
  path: z.string(),
  branch: z.string(),
  base_ref: z.string(),
  base_sha: z.string(),
  state: WorktreeStateSchema,
  dirty_count: z.int(),
  size_bytes: z.int().nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Worktree = z.infer<typeof WorktreeSchema>
