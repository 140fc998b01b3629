import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'
import { RepoIdSchema } from './repo.ts'
import { RuntimeIdSchema } from './runtime.ts'

export const RepoCloneIdSchema = idSchema('repo_clone')
export type RepoCloneId = z.infer<typeof RepoCloneIdSchema>

export const RepoCloneStateSchema = z.enum(['absent', 'cloning', 'ready', 'fetching', 'error', 'deleting'])
export type RepoCloneState = z.infer<typeof RepoCloneStateSchema>

/** Inventory of clones on runtimes. The runtime is the truth, this is its last report. */
export const RepoCloneSchema = z.object({
  id: RepoCloneIdSchema,
  instance_id: InstanceIdSchema,
  runtime_id: RuntimeIdSchema,
  repo_id: RepoIdSchema,
  state: RepoCloneStateSchema,
  size_bytes: z.int().nullable(),
  fetched_at: z.date().nullable(),
  error: z.string().nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type RepoClone = z.infer<typeof RepoCloneSchema>
