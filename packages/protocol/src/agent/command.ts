import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { AgentErrorSchema } from './model.ts'

/** A prompt may hold this many characters; longer ones are refused with PAYLOAD_TOO_LARGE. */
export const MAX_PROMPT_CHARS = 200_000

/** A command carries at most this much of its prompt in events and snapshots; the message itself has all of it. */
export const MAX_COMMAND_TEXT_CHARS = 16_384

const base = { id: idSchema('command'), session_id: idSchema('agent_session') }

/** Well-formed Unicode only: a lone surrogate cannot be stored or sent on without changing it. */
const text = (max: number) =>
  z
    .string()
    .max(max, { message: `must have at most ${max} characters` })
    .refine((value) => value.isWellFormed(), { message: 'holds a broken character (a lone surrogate)' })

export const PromptCommandSchema = z.strictObject({
  ...base,
  kind: z.literal('prompt'),
  text: text(MAX_PROMPT_CHARS).refine((value) => value.trim() !== '', { message: 'must not be empty' }),
})
export const AbortCommandSchema = z.strictObject({ ...base, kind: z.literal('abort') })
export const PermissionCommandSchema = z.strictObject({
  ...base,
  kind: z.literal('permission'),
  permission_id: z.string().max(200),
  reply: z.enum(['once', 'always', 'reject']),
  message: text(4_000).optional(),
})
export const QuestionCommandSchema = z.strictObject({
  ...base,
  kind: z.literal('question'),
  question_id: z.string().max(200),
  /** One list of chosen labels (or free text) per question; absent rejects the question. */
  answers: z
    .array(z.array(text(4_000)).max(20))
    .max(20)
    .optional(),
})

/** Body of `POST …/sessions/:ags/commands`. The id is minted by the client and makes the request safe to repeat. */
export const CommandRequestSchema = z.discriminatedUnion('kind', [
  PromptCommandSchema,
  AbortCommandSchema,
  PermissionCommandSchema,
  QuestionCommandSchema,
])
export type CommandRequest = z.infer<typeof CommandRequestSchema>

/**
 * accepted -> dispatching -> running -> done | failed | interrupted, and dispatching -> unknown.
 * Only a person sends an unknown command again (with a new id).
 */
export const CommandStateSchema = z.enum([
  'accepted',
  'dispatching',
  'running',
  'done',
  'failed',
  'interrupted',
  'unknown',
])
export type CommandState = z.infer<typeof CommandStateSchema>
export const COMMAND_FINAL: ReadonlySet<CommandState> = new Set(['done', 'failed', 'interrupted', 'unknown'])

export const CommandSchema = z.object({
  id: idSchema('command'),
  session_id: idSchema('agent_session'),
  kind: z.enum(['prompt', 'abort', 'permission', 'question']),
  state: CommandStateSchema,
  /**
   * The prompt's text, so that every viewer can show it before the engine has the message. In events and snapshots cut
   * at MAX_COMMAND_TEXT_CHARS; `GET …/commands/:cmd` has it whole.
   */
  text: z.string().nullable(),
  /** Characters of the whole prompt, present when `text` is cut. */
  text_chars: z.number().int().optional(),
  /** The engine's user message that this prompt made, once known. */
  message_id: z.string().nullable(),
  actor_user_id: idSchema('user').nullable(),
  error: AgentErrorSchema.nullable(),
  created_at: z.string(),
  updated_at: z.string(),
})
export type Command = z.infer<typeof CommandSchema>
