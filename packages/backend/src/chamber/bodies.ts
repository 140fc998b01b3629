import { PilotError } from '@pilot/domain/errors'
import { MAX_PROMPT_CHARS } from '@pilot/protocol/agent/command'
import { z } from 'zod'
import { readBounded } from '../read-bounded.ts'
import type { ChamberRoute } from './route-table.ts'

const MAX_BODY_BYTES = 1024 * 1024

/**
 * Bodies as OpenCode's clients send them, cut down to what is safe on behalf of another person: text parts only (a file
 * part may name any file of the machine), no system prompt, no tool switches, no part ids.
 */
export const CHAMBER_BODIES = {
  prompt: z.object({
    messageID: z
      .string()
      .regex(/^msg_[A-Za-z0-9_]{1,100}$/)
      .optional(),
    noReply: z.boolean().optional(),
    parts: z
      .array(z.object({ type: z.literal('text'), text: z.string().min(1).max(MAX_PROMPT_CHARS) }))
      .min(1)
      .max(50),
  }),
  permission: z.object({ reply: z.enum(['once', 'always', 'reject']), message: z.string().max(4_000).optional() }),
  'legacy-permission': z.object({ response: z.enum(['once', 'always', 'reject']) }),
  question: z.object({ answers: z.array(z.array(z.string().max(4_000)).max(20)).max(20) }),
} as const

/** Reads and checks the body of a route. Throws PAYLOAD_TOO_LARGE or VALIDATION_FAILED. */
export async function readChamberBody(route: ChamberRoute, request: Request): Promise<Record<string, unknown> | null> {
  if (!route.body) return null
  const text = await readBounded(request, MAX_BODY_BYTES)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new PilotError('VALIDATION_FAILED', 'The body is not valid JSON.', undefined, { cause })
  }
  const parsed = CHAMBER_BODIES[route.body].safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new PilotError('VALIDATION_FAILED', `The body is not valid at "${issue?.path.join('.') ?? ''}".`)
  }
  return parsed.data
}
