import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'
import { UserIdSchema } from './user.ts'

export const ApiTokenIdSchema = idSchema('api_token')
export type ApiTokenId = z.infer<typeof ApiTokenIdSchema>

/** A token for programs, of a user or of an instance. Only its hash is stored. */
export const ApiTokenSchema = z.object({
  id: ApiTokenIdSchema,
  user_id: UserIdSchema.nullable(),
  instance_id: InstanceIdSchema.nullable(),
  name: z.string(),
  token_hash: z.string(),
  scopes: z.array(z.string()),
  expires_at: z.date().nullable(),
  last_used_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type ApiToken = z.infer<typeof ApiTokenSchema>
