import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'
import { MachineIdSchema } from './machine.ts'

export const RuntimeIdSchema = idSchema('runtime')
export type RuntimeId = z.infer<typeof RuntimeIdSchema>

export const RuntimeStatusSchema = z.enum(['enrolled', 'online', 'offline', 'revoked'])
export type RuntimeStatus = z.infer<typeof RuntimeStatusSchema>

export const RuntimeSystemSchema = z.object({ cpus: z.number().optional(), ram: z.number().optional() })
export type RuntimeSystem = z.infer<typeof RuntimeSystemSchema>

/** The daemon on a machine. At most one that is not revoked per machine. */
export const RuntimeSchema = z.object({
  id: RuntimeIdSchema,
  machine_id: MachineIdSchema,
  instance_id: InstanceIdSchema,
  label: z.string(),
  platform: z.literal('runtime'),
  /** SHA-256 of the runtime token. */
  token_hash: z.string(),
  token_version: z.int(),
  status: RuntimeStatusSchema,
  /** No new pins while true. */
  draining: z.boolean(),
  capabilities: z.record(z.string(), z.boolean()),
  limits: z.record(z.string(), z.number()),
  /** `cpus` and `ram` (bytes) as of the last hello. */
  system: RuntimeSystemSchema.nullable(),
  version: z.string().nullable(),
  os: z.string().nullable(),
  arch: z.string().nullable(),
  boot_id: z.string().nullable(),
  last_seen_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Runtime = z.infer<typeof RuntimeSchema>
