import { ErrorCodeSchema } from '@pilot/domain/errors'
import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'

/**
 * The engine-neutral agent model: what a session is made of, whichever coding agent runs it. Words follow the Agent
 * Client Protocol where it has one. Times are ISO 8601 strings in UTC, minted by the runtime.
 */

/** Stored projection of `domain.md` §2 `agent_session.status`. */
export const SessionStatusSchema = z.enum([
  'creating',
  'idle',
  'busy',
  'retry',
  'waiting',
  'interrupted',
  'error',
  'archived',
])
export type SessionStatus = z.infer<typeof SessionStatusSchema>

/** What a person is asked for, if anything. */
export const AttentionSchema = z.enum(['none', 'permission', 'question', 'error', 'done'])
export type Attention = z.infer<typeof AttentionSchema>

export const AgentKindSchema = z.enum(['opencode', 'claude-code', 'codex', 'gemini', 'none'])

/** An error as a person reads it: a stable code and a sentence that says what to do. */
export const AgentErrorSchema = z.object({ code: ErrorCodeSchema, message: z.string(), retryable: z.boolean() })
export type AgentError = z.infer<typeof AgentErrorSchema>

export const ModelRefSchema = z.object({
  /** `demo`, `openrouter`, `anthropic`, `openai` or `custom`. */
  provider: z.string().max(64),
  model: z.string().max(200),
  label: z.string().max(200),
  demo: z.boolean(),
})
export type ModelRef = z.infer<typeof ModelRefSchema>

export const WorktreeRefSchema = z.object({
  id: idSchema('worktree'),
  /** Directory name only, never an absolute path of the machine. */
  name: z.string(),
  branch: z.string(),
  base_ref: z.string(),
  base_sha: z.string(),
})
export type WorktreeRef = z.infer<typeof WorktreeRefSchema>

export const AgentSessionSchema = z.object({
  id: idSchema('agent_session'),
  workspace_id: idSchema('workspace'),
  parent_id: idSchema('agent_session').nullable(),
  agent: AgentKindSchema,
  title: z.string().max(300),
  status: SessionStatusSchema,
  attention: AttentionSchema,
  /** Set while status is `error`, `retry` or `interrupted`: what happened and what to do. */
  error: AgentErrorSchema.nullable(),
  /** Next attempt while status is `retry`. */
  retry_at: z.string().nullable(),
  model: ModelRefSchema.nullable(),
  /** Null when the workspace is not a repository: the session then works in the workspace directory itself. */
  worktree: WorktreeRefSchema.nullable(),
  created_by: idSchema('user').nullable(),
  created_at: z.string(),
  last_activity_at: z.string(),
  archived_at: z.string().nullable(),
})
export type AgentSession = z.infer<typeof AgentSessionSchema>

export const ToolStatusSchema = z.enum(['pending', 'running', 'completed', 'failed', 'interrupted'])
export type ToolStatus = z.infer<typeof ToolStatusSchema>

/** ACP's tool kinds: decides icon and verb. */
export const ToolKindSchema = z.enum(['read', 'edit', 'delete', 'move', 'search', 'execute', 'think', 'fetch', 'other'])
export type ToolKind = z.infer<typeof ToolKindSchema>

export const FileChangeSchema = z.object({
  /** Relative to the session's directory. */
  path: z.string(),
  kind: z.enum(['added', 'modified', 'deleted', 'renamed']),
  additions: z.number().int(),
  deletions: z.number().int(),
  binary: z.boolean().optional(),
  old_path: z.string().optional(),
})
export type FileChange = z.infer<typeof FileChangeSchema>

export const TextPartSchema = z.object({ id: z.string(), type: z.literal('text'), text: z.string(), done: z.boolean() })
export const ReasoningPartSchema = z.object({
  id: z.string(),
  type: z.literal('reasoning'),
  text: z.string(),
  done: z.boolean(),
})
export const ToolPartSchema = z.object({
  id: z.string(),
  type: z.literal('tool'),
  /** The engine's own tool name, such as `bash`. */
  tool: z.string(),
  kind: ToolKindSchema,
  /** One line for the row, such as the command or the relative path. */
  title: z.string(),
  status: ToolStatusSchema,
  input: z.record(z.string(), z.unknown()),
  /** At most 16 KiB; what is longer is cut here and fetched through `GET …/sessions/:ags/parts/:part/output`. */
  output: z.string(),
  /** Bytes (UTF-8) of the whole output, also when `output` holds only its head. */
  output_bytes: z.number().int(),
  error: z.string().nullable(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  changes: z.array(FileChangeSchema),
  /** The session of a sub-agent that this call started. */
  child_session_id: idSchema('agent_session').nullable(),
})
export type ToolPart = z.infer<typeof ToolPartSchema>
/** A mark such as "context compacted" or "changes reverted". */
export const NotePartSchema = z.object({ id: z.string(), type: z.literal('note'), text: z.string() })
export const FilePartSchema = z.object({ id: z.string(), type: z.literal('file'), name: z.string(), mime: z.string() })

export const PartSchema = z.discriminatedUnion('type', [
  TextPartSchema,
  ReasoningPartSchema,
  ToolPartSchema,
  NotePartSchema,
  FilePartSchema,
])
export type Part = z.infer<typeof PartSchema>

export const UsageSchema = z.object({
  input_tokens: z.number(),
  output_tokens: z.number(),
  reasoning_tokens: z.number(),
  cache_read_tokens: z.number(),
  /** US dollars as the engine reports it; 0 when unknown. */
  cost: z.number(),
})

export const MessageSchema = z.object({
  id: z.string(),
  role: z.enum(['user', 'assistant']),
  /** The command that made this user message, or the one that this answer belongs to. */
  command_id: idSchema('command').nullable(),
  created_at: z.string(),
  completed_at: z.string().nullable(),
  /** `running` only while the engine really works on it. */
  status: z.enum(['running', 'completed', 'failed', 'interrupted', 'aborted']),
  error: AgentErrorSchema.nullable(),
  usage: UsageSchema.nullable(),
})
export type Message = z.infer<typeof MessageSchema>
export type MessageWithParts = Message & { parts: Part[] }

export const TodoSchema = z.object({
  content: z.string(),
  status: z.enum(['pending', 'in_progress', 'completed', 'cancelled']),
  priority: z.enum(['high', 'medium', 'low']),
})
export type Todo = z.infer<typeof TodoSchema>

/** A request for permission. `resolution` is null while somebody has to answer. */
export const PermissionSchema = z.object({
  id: z.string(),
  /** Session that shows the card: the parent's when a sub-agent asks. */
  kind: ToolKindSchema,
  title: z.string(),
  /** Exactly what will run, be written or be fetched. */
  detail: z.string(),
  /** Patterns that "always allow" would cover until the engine restarts; empty when always is not offered. */
  always: z.array(z.string()),
  part_id: z.string().nullable(),
  asked_at: z.string(),
  resolution: z
    .object({
      outcome: z.enum(['once', 'always', 'rejected', 'lost']),
      by: idSchema('user').nullable(),
      at: z.string(),
      message: z.string().optional(),
    })
    .nullable(),
})
export type Permission = z.infer<typeof PermissionSchema>

export const QuestionSchema = z.object({
  id: z.string(),
  asked_at: z.string(),
  items: z.array(
    z.object({
      header: z.string(),
      question: z.string(),
      multiple: z.boolean(),
      /** True when free text may be given instead of an option. */
      custom: z.boolean(),
      options: z.array(z.object({ label: z.string(), description: z.string() })),
    }),
  ),
  resolution: z
    .object({
      outcome: z.enum(['answered', 'rejected', 'lost']),
      answers: z.array(z.array(z.string())),
      by: idSchema('user').nullable(),
      at: z.string(),
    })
    .nullable(),
})
export type Question = z.infer<typeof QuestionSchema>
