import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'
import { MachineIdSchema } from './machine.ts'
import { UserIdSchema } from './user.ts'

export const RuntimeEnrollmentIdSchema = idSchema('runtime_enrollment')
export type RuntimeEnrollmentId = z.infer<typeof RuntimeEnrollmentIdSchema>

/** A single-use code (15 min) that turns a machine into a runtime. */
export const RuntimeEnrollmentSchema = z.object({
  id: RuntimeEnrollmentIdSchema,
  machine_id: MachineIdSchema,
  instance_id: InstanceIdSchema,
  token_hash: z.string(),
  expires_at: z.date(),
  used_at: z.date().nullable(),
  /** Null when the local supervisor made it, or once that user was deleted. */
  created_by: UserIdSchema.nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type RuntimeEnrollment = z.infer<typeof RuntimeEnrollmentSchema>
