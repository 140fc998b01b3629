import { z } from 'zod'

export const SlugKindSchema = z.enum(['organization', 'workspace'])
export type SlugKind = z.infer<typeof SlugKindSchema>

/**
 * The root namespace of addresses. A rename keeps the old slug as a row that is not `current`, so that nobody else can
 * take it; `released_at` gives it free.
 */
export const SlugAliasSchema = z.object({
  slug: z.string(),
  kind: SlugKindSchema,
  target_id: z.string(),
  current: z.boolean(),
  released_at: z.date().nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type SlugAlias = z.infer<typeof SlugAliasSchema>
