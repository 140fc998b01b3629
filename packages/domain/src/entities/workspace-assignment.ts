import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'
import { RuntimeIdSchema } from './runtime.ts'
import { UserIdSchema } from './user.ts'
import { WorkspaceIdSchema } from './workspace.ts'

export const WorkspaceAssignmentIdSchema = idSchema('workspace_assignment')
export type WorkspaceAssignmentId = z.infer<typeof WorkspaceAssignmentIdSchema>

export const AssignmentReasonSchema = z.enum(['initial', 'manual', 'evacuate'])
export type AssignmentReason = z.infer<typeof AssignmentReasonSchema>

export const AssignmentOutcomeSchema = z.enum(['moved', 'failed', 'deleted'])
export type AssignmentOutcome = z.infer<typeof AssignmentOutcomeSchema>

/** History of pins: exactly one open row (no `ended_at`) per assigned workspace. */
export const WorkspaceAssignmentSchema = z.object({
  id: WorkspaceAssignmentIdSchema,
  workspace_id: WorkspaceIdSchema,
  instance_id: InstanceIdSchema,
  /** Null once that runtime was deleted. */
  runtime_id: RuntimeIdSchema.nullable(),
  generation: z.int(),
  reason: AssignmentReasonSchema,
  actor_user_id: UserIdSchema.nullable(),
  started_at: z.date(),
  ended_at: z.date().nullable(),
  outcome: AssignmentOutcomeSchema.nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type WorkspaceAssignment = z.infer<typeof WorkspaceAssignmentSchema>
