import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { UserIdSchema } from './user.ts'

export const AccountIdSchema = idSchema('account')
export type AccountId = z.infer<typeof AccountIdSchema>

/** A way to sign in, or a connected Slack team (`slack-bot`: account_id is the team id). Tokens are sealed. */
export const AccountSchema = z.object({
  id: AccountIdSchema,
  user_id: UserIdSchema,
  /** `google`, `github`, `slack`, `slack-bot`, `credential`. */
  provider_id: z.string(),
  account_id: z.string(),
  password: z.string().nullable(),
  access_token: z.string().nullable(),
  refresh_token: z.string().nullable(),
  id_token: z.string().nullable(),
  access_token_expires_at: z.date().nullable(),
  refresh_token_expires_at: z.date().nullable(),
  scope: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()).nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Account = z.infer<typeof AccountSchema>
