import { z } from 'zod'
import { idSchema } from '../ids.ts'

export const OrganizationIdSchema = idSchema('organization')
export type OrganizationId = z.infer<typeof OrganizationIdSchema>

/** The owner of everything below it. Its slug lives in the root namespace (`slug_alias`). */
export const OrganizationSchema = z.object({
  id: OrganizationIdSchema,
  name: z.string(),
  slug: z.string(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Organization = z.infer<typeof OrganizationSchema>
