import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'

export const MachineIdSchema = idSchema('machine')
export type MachineId = z.infer<typeof MachineIdSchema>

export const MachineTypeSchema = z.enum(['local', 'manual', 'fly', 'digitalocean', 'daytona'])
export type MachineType = z.infer<typeof MachineTypeSchema>

export const MachineStateSchema = z.enum(['started', 'archived'])
export type MachineState = z.infer<typeof MachineStateSchema>

export const MachinePhaseSchema = z.enum([
  'none',
  'provisioning',
  'active',
  'provisioning_timeout',
  'failed',
  'off',
  'deleting',
])
export type MachinePhase = z.infer<typeof MachinePhaseSchema>

/** A computer of an instance. `state` is what people want, `phase` is where its life stands. */
export const MachineSchema = z.object({
  id: MachineIdSchema,
  instance_id: InstanceIdSchema,
  name: z.string(),
  type: MachineTypeSchema,
  state: MachineStateSchema,
  phase: MachinePhaseSchema,
  provider_external_id: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  provisioning_deadline_at: z.date().nullable(),
  archived_at: z.date().nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Machine = z.infer<typeof MachineSchema>
