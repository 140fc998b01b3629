import { z } from 'zod'
import { trackedMessage } from './base.ts'

/** R down, tracked: acknowledged only after the new token is on disk; the old one is then revoked. */
export const RuntimeRotateTokenSchema = trackedMessage('runtime.rotate_token', {
  runtime_token: z.string().min(32).max(256),
})
export type RuntimeRotateTokenMessage = z.infer<typeof RuntimeRotateTokenSchema>
