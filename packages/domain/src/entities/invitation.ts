import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { OrganizationIdSchema } from './organization.ts'
import { OrganizationRoleSchema } from './organization-user-membership.ts'
import { UserIdSchema } from './user.ts'

export const InvitationIdSchema = idSchema('invitation')
export type InvitationId = z.infer<typeof InvitationIdSchema>

/** An invitation by mail, used once. */
export const InvitationSchema = z.object({
  id: InvitationIdSchema,
  organization_id: OrganizationIdSchema,
  email: z.string(),
  role: OrganizationRoleSchema,
  token_hash: z.string(),
  expires_at: z.date(),
  accepted_at: z.date().nullable(),
  /** Null once that user was deleted. */
  invited_by: UserIdSchema.nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Invitation = z.infer<typeof InvitationSchema>
