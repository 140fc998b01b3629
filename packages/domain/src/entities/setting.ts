import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'

export const SettingIdSchema = idSchema('setting')
export type SettingId = z.infer<typeof SettingIdSchema>

export const SettingScopeSchema = z.enum(['user', 'instance', 'workspace'])
export type SettingScope = z.infer<typeof SettingScopeSchema>

/** Settings of one scope. `version` is compared on write. */
export const SettingSchema = z.object({
  id: SettingIdSchema,
  /** Null for a user's own settings. */
  instance_id: InstanceIdSchema.nullable(),
  scope: SettingScopeSchema,
  scope_id: z.string(),
  value: z.record(z.string(), z.unknown()),
  version: z.int(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Setting = z.infer<typeof SettingSchema>
