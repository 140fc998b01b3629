import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { UserIdSchema } from './user.ts'

export const PasskeyIdSchema = idSchema('passkey')
export type PasskeyId = z.infer<typeof PasskeyIdSchema>

/** A WebAuthn credential of a user. */
export const PasskeySchema = z.object({
  id: PasskeyIdSchema,
  user_id: UserIdSchema,
  name: z.string().nullable(),
  credential_id: z.string(),
  public_key: z.string(),
  counter: z.int(),
  device_type: z.string(),
  transports: z.string().nullable(),
  aaguid: z.string().nullable(),
  backed_up: z.boolean(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Passkey = z.infer<typeof PasskeySchema>
