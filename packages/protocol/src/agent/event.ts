import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { CommandSchema } from './command.ts'
import {
  AgentSessionSchema,
  AttentionSchema,
  FileChangeSchema,
  MessageSchema,
  PartSchema,
  PermissionSchema,
  QuestionSchema,
  SessionStatusSchema,
  TodoSchema,
} from './model.ts'

/**
 * One journal entry. Every event is idempotent on the state it meets (`fold.ts`): an upsert carries the whole object,
 * an append carries the offset at which its text begins (in UTF-16 units of the accumulated string).
 */
export const AgentEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session.updated'), session: AgentSessionSchema }),
  z.object({ type: z.literal('message.upserted'), message: MessageSchema }),
  z.object({ type: z.literal('message.removed'), message_id: z.string() }),
  z.object({ type: z.literal('part.upserted'), message_id: z.string(), part: PartSchema }),
  z.object({
    type: z.literal('part.appended'),
    message_id: z.string(),
    part_id: z.string(),
    field: z.enum(['text', 'output']),
    offset: z.number().int().nonnegative(),
    text: z.string(),
    /** With `output`: bytes of the whole output after this event, also when the text kept here is only its head. */
    output_bytes: z.number().int().nonnegative().optional(),
    /** With `text`: the part is complete with this event. */
    done: z.literal(true).optional(),
  }),
  z.object({ type: z.literal('part.removed'), message_id: z.string(), part_id: z.string() }),
  z.object({ type: z.literal('permission.upserted'), permission: PermissionSchema }),
  z.object({ type: z.literal('question.upserted'), question: QuestionSchema }),
  z.object({ type: z.literal('todos.updated'), todos: z.array(TodoSchema) }),
  z.object({ type: z.literal('command.upserted'), command: CommandSchema }),
  /** What the session changed against its base, without the hunks (`GET …/sessions/:ags/diff` has those). */
  z.object({ type: z.literal('changes.updated'), changes: z.array(FileChangeSchema), truncated: z.boolean() }),
])
export type AgentEvent = z.infer<typeof AgentEventSchema>

/** A place in a journal. The epoch changes only when the journal's continuity is broken; seq counts from 1. */
export const PositionSchema = z.object({
  epoch: z.string().max(64),
  seq: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
})
export type Position = z.infer<typeof PositionSchema>

/** One committed journal entry as readers get it (`GET …/events`, `agent.event`). */
export const AgentEventEntrySchema = z.object({ seq: z.number().int().positive(), event: AgentEventSchema })
export type AgentEventEntry = z.infer<typeof AgentEventEntrySchema>

/**
 * Answer of `GET …/sessions/:ags/snapshot?before=<message id>&limit=<n>`: the newest page of messages (oldest first),
 * everything else whole. Events after `seq` bring it up to date. With `before`, only `messages` and `has_more` matter.
 */
export const SessionSnapshotSchema = z.object({
  epoch: z.string(),
  seq: z.number().int(),
  session: AgentSessionSchema,
  messages: z.array(MessageSchema.extend({ parts: z.array(PartSchema) })),
  has_more: z.boolean(),
  permissions: z.array(PermissionSchema),
  questions: z.array(QuestionSchema),
  todos: z.array(TodoSchema),
  /** Every command that is not final or not in a message, and the prompts that belong to the page. */
  commands: z.array(CommandSchema),
  changes: z.array(FileChangeSchema),
  changes_truncated: z.boolean(),
})
export type SessionSnapshot = z.infer<typeof SessionSnapshotSchema>

/** Sent on every change of what a list shows; the control plane's `agent_session` row is written from it. */
export const AgentSummarySchema = z.object({
  agent_session_id: idSchema('agent_session'),
  workspace_id: idSchema('workspace'),
  epoch: z.string(),
  seq: z.number().int(),
  status: SessionStatusSchema,
  attention: AttentionSchema,
  title: z.string(),
  /** One line of what is going on or what is asked; empty when idle. */
  activity: z.string(),
  branch: z.string().nullable(),
  additions: z.number().int(),
  deletions: z.number().int(),
  agent: z.string(),
  external_id: z.string().nullable(),
  parent_id: idSchema('agent_session').nullable(),
  created_by: idSchema('user').nullable(),
  created_at: z.string(),
  last_activity_at: z.string(),
  archived_at: z.string().nullable(),
  /** True once the session was deleted on the machine. */
  deleted: z.boolean(),
})
export type AgentSummary = z.infer<typeof AgentSummarySchema>
