import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { UserIdSchema } from './user.ts'

export const DeviceCodeIdSchema = idSchema('device_code')
export type DeviceCodeId = z.infer<typeof DeviceCodeIdSchema>

/** A pending sign-in of the command-line client (device authorization grant). */
export const DeviceCodeSchema = z.object({
  id: DeviceCodeIdSchema,
  /** SHA-256 of the code that the client polls with. */
  device_code: z.string(),
  user_code: z.string(),
  user_id: UserIdSchema.nullable(),
  status: z.string(),
  expires_at: z.date(),
  last_polled_at: z.date().nullable(),
  /** Least time between two polls, in milliseconds. */
  polling_interval: z.int().nullable(),
  client_id: z.string().nullable(),
  scope: z.string().nullable(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type DeviceCode = z.infer<typeof DeviceCodeSchema>
