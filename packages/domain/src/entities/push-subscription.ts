import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { UserIdSchema } from './user.ts'

export const PushSubscriptionIdSchema = idSchema('push_subscription')
export type PushSubscriptionId = z.infer<typeof PushSubscriptionIdSchema>

/** A browser that wants push messages. */
export const PushSubscriptionSchema = z.object({
  id: PushSubscriptionIdSchema,
  user_id: UserIdSchema,
  endpoint: z.string(),
  p256dh: z.string(),
  auth: z.string(),
  origin: z.string(),
  /** Refusals in a row by the push service. */
  failures: z.int(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type PushSubscription = z.infer<typeof PushSubscriptionSchema>
