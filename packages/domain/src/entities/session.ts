import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { UserIdSchema } from './user.ts'

export const SessionIdSchema = idSchema('session')
export type SessionId = z.infer<typeof SessionIdSchema>

/** A signed-in browser or command-line client. Not an agent session. */
export const SessionSchema = z.object({
  id: SessionIdSchema,
  user_id: UserIdSchema,
  token: z.string(),
  expires_at: z.date(),
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
  /** The platform admin who acts as `user_id`. */
  impersonated_by: UserIdSchema.nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Session = z.infer<typeof SessionSchema>
