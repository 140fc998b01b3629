import { idSchema } from '@pilot/domain/ids'
import { CommandRequestSchema } from '@pilot/protocol/agent/command'
import { CreateSessionSchema } from '@pilot/protocol/agent/rest'
import { z } from 'zod'

/**
 * waiting: certainly not with the machine; may be cancelled. sending: on its way. unconfirmed: it may have arrived, no
 * answer came; it is sent again with the same id, which has one effect. held: too old to be sent without being asked.
 * refused: the machine or the server said no.
 */
export const OutboxStateSchema = z.enum(['waiting', 'sending', 'unconfirmed', 'held', 'refused'])
export type OutboxState = z.infer<typeof OutboxStateSchema>

export const OutboxRequestSchema = z.union([
  CommandRequestSchema,
  z.strictObject({
    kind: z.literal('create'),
    id: idSchema('agent_session'),
    session_id: idSchema('agent_session'),
    body: CreateSessionSchema,
  }),
])
export type OutboxRequest = z.infer<typeof OutboxRequestSchema>

/** One thing that a person asked for and that the machine has not confirmed yet. */
export const OutboxRecordSchema = z.object({
  /** The record's own target; it must agree with the request, with its key and with the API that sends it. */
  user_id: idSchema('user'),
  workspace_slug: z.string(),
  session_id: idSchema('agent_session'),
  request: OutboxRequestSchema,
  state: OutboxStateSchema,
  created_at: z.string(),
  error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }).nullable(),
})
export type OutboxRecord = z.infer<typeof OutboxRecordSchema>

/** A prompt that waited longer than this is not sent without being asked: the world has moved on. 12 hours, in ms. */
export const PROMPT_HOLD_MS = 12 * 3_600_000
/** A stop that could not be sent within this time is dropped: it would stop something else later. In ms. */
export const ABORT_TTL_MS = 30_000

const PREFIX = 'pilot.outbox'

/** Storage key prefix of everything that one user wrote for one workspace. */
export function outboxPrefix(userId: string, slug: string): string {
  return `${PREFIX}.${userId}.${slug}.`
}

export function outboxKey(record: OutboxRecord): string {
  return `${outboxPrefix(record.user_id, record.workspace_slug)}${record.session_id}.${record.request.id}`
}

/** Reads a stored record; null when it is not one, or does not belong under its key. */
export function parseRecord(key: string, text: string | null): OutboxRecord | null {
  if (text === null) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const parsed = OutboxRecordSchema.safeParse(value)
  if (!parsed.success) return null
  const record = parsed.data
  return record.request.session_id === record.session_id && outboxKey(record) === key ? record : null
}
