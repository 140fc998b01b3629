import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { OrganizationIdSchema } from './organization.ts'
import { UserIdSchema } from './user.ts'

export const OrganizationUserMembershipIdSchema = idSchema('organization_user_membership')
export type OrganizationUserMembershipId = z.infer<typeof OrganizationUserMembershipIdSchema>

export const OrganizationRoleSchema = z.enum(['owner', 'admin', 'member'])
export type OrganizationRole = z.infer<typeof OrganizationRoleSchema>

/** A user in an organization, with one role. */
export const OrganizationUserMembershipSchema = z.object({
  id: OrganizationUserMembershipIdSchema,
  organization_id: OrganizationIdSchema,
  user_id: UserIdSchema,
  role: OrganizationRoleSchema,
  created_at: z.date(),
  updated_at: z.date(),
})
export type OrganizationUserMembership = z.infer<typeof OrganizationUserMembershipSchema>
