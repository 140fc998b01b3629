import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { AgentSessionIdSchema } from './agent-session.ts'
import { InstanceIdSchema } from './instance.ts'
import { RuntimeIdSchema } from './runtime.ts'
import { UserIdSchema } from './user.ts'
import { WorkspaceIdSchema } from './workspace.ts'

export const TerminalIdSchema = idSchema('terminal')
export type TerminalId = z.infer<typeof TerminalIdSchema>

export const TerminalModeSchema = z.enum(['shared', 'exclusive'])
export type TerminalMode = z.infer<typeof TerminalModeSchema>

export const TerminalSourceSchema = z.enum(['host', 'tmux'])
export type TerminalSource = z.infer<typeof TerminalSourceSchema>

export const TerminalStateSchema = z.enum(['starting', 'running', 'ended', 'lost', 'error', 'archived'])
export type TerminalState = z.infer<typeof TerminalStateSchema>

/** A terminal of a workspace, held by its PTY host process or by one tmux session on the runtime. */
export const TerminalSchema = z.object({
  id: TerminalIdSchema,
  instance_id: InstanceIdSchema,
  workspace_id: WorkspaceIdSchema,
  runtime_id: RuntimeIdSchema,
  agent_session_id: AgentSessionIdSchema.nullable(),
  title: z.string(),
  /** What runs in it, such as `shell`. */
  command_kind: z.string(),
  /** The whole of what is started, so that it can be opened again; its shape is the protocol's `Launch`. */
  launch: z.record(z.string(), z.string()),
  cwd: z.string(),
  cols: z.int(),
  rows: z.int(),
  state: TerminalStateSchema,
  exit_code: z.int().nullable(),
  mode: TerminalModeSchema,
  source: TerminalSourceSchema,
  last_activity_at: z.date(),
  archived_at: z.date().nullable(),
  created_by: UserIdSchema.nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Terminal = z.infer<typeof TerminalSchema>
