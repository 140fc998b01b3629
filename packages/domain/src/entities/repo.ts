import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'

export const RepoIdSchema = idSchema('repo')
export type RepoId = z.infer<typeof RepoIdSchema>

/** A repository that an instance works with. */
export const RepoSchema = z.object({
  id: RepoIdSchema,
  instance_id: InstanceIdSchema,
  provider: z.string(),
  owner: z.string(),
  name: z.string(),
  default_branch: z.string().nullable(),
  clone_url: z.string(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Repo = z.infer<typeof RepoSchema>
