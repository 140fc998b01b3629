import { z } from 'zod'
import { ErrorCodeSchema } from '../errors.ts'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'
import { RuntimeIdSchema } from './runtime.ts'
import { UserIdSchema } from './user.ts'

export const WorkspaceIdSchema = idSchema('workspace')
export type WorkspaceId = z.infer<typeof WorkspaceIdSchema>

export const WorkspaceTypeSchema = z.enum(['local', 'git', 'mount', 'sync'])
export type WorkspaceType = z.infer<typeof WorkspaceTypeSchema>

export const WorkspaceStatusSchema = z.enum([
  'creating',
  'ready',
  'error',
  'reassigning',
  'archived',
  'deleting',
  'deleted',
])
export type WorkspaceStatus = z.infer<typeof WorkspaceStatusSchema>

/** A directory pinned to one runtime. The pin moves only by reassignment, which adds one to the generation. */
export const WorkspaceSchema = z.object({
  id: WorkspaceIdSchema,
  instance_id: InstanceIdSchema,
  slug: z.string(),
  name: z.string(),
  type: WorkspaceTypeSchema,
  /** By type: `{directory}` of `local`, `{url, ref}` of `git`. */
  config: z.record(z.string(), z.unknown()),
  status: WorkspaceStatusSchema,
  runtime_id: RuntimeIdSchema.nullable(),
  assignment_generation: z.int(),
  root_path: z.string().nullable(),
  error_code: ErrorCodeSchema.nullable(),
  error_message: z.string().nullable(),
  archived_at: z.date().nullable(),
  deleted_at: z.date().nullable(),
  /** Null when the local supervisor made it, or once that user was deleted. */
  created_by: UserIdSchema.nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Workspace = z.infer<typeof WorkspaceSchema>
