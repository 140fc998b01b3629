import { z } from 'zod'
import { idSchema } from '../ids.ts'

export const UserIdSchema = idSchema('user')
export type UserId = z.infer<typeof UserIdSchema>

export const PlatformRoleSchema = z.enum(['user', 'admin'])
export type PlatformRole = z.infer<typeof PlatformRoleSchema>

/** A person. Managed by the authentication library; `role` is the platform role, not one in an organization. */
export const UserSchema = z.object({
  id: UserIdSchema,
  name: z.string(),
  email: z.string(),
  email_verified: z.boolean(),
  image: z.string().nullable(),
  role: PlatformRoleSchema,
  banned: z.boolean(),
  ban_reason: z.string().nullable(),
  ban_expires: z.date().nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type User = z.infer<typeof UserSchema>
