import { z } from 'zod'
import { idSchema } from '../ids.ts'

export const VerificationIdSchema = idSchema('verification')
export type VerificationId = z.infer<typeof VerificationIdSchema>

/** A short-lived proof: OAuth state, magic link or owner link. `value` never holds a usable token. */
export const VerificationSchema = z.object({
  id: VerificationIdSchema,
  identifier: z.string(),
  value: z.string(),
  expires_at: z.date(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Verification = z.infer<typeof VerificationSchema>
