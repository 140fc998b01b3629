import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { AccountIdSchema } from './account.ts'
import { InstanceIdSchema } from './instance.ts'
import { UserIdSchema } from './user.ts'

export const InstanceAccountPermissionIdSchema = idSchema('instance_account_permission')
export type InstanceAccountPermissionId = z.infer<typeof InstanceAccountPermissionIdSchema>

/** Allows an instance to use a connected account (a Slack team, a GitHub token). */
export const InstanceAccountPermissionSchema = z.object({
  id: InstanceAccountPermissionIdSchema,
  instance_id: InstanceIdSchema,
  account_id: AccountIdSchema,
  /** Null once that user was deleted. */
  granted_by: UserIdSchema.nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type InstanceAccountPermission = z.infer<typeof InstanceAccountPermissionSchema>
