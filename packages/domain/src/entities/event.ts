import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'

export const EventIdSchema = idSchema('event')
export type EventId = z.infer<typeof EventIdSchema>

/** Something that happened outside, received once: unique by source, external id and instance. */
export const EventSchema = z.object({
  id: EventIdSchema,
  instance_id: InstanceIdSchema.nullable(),
  source: z.string(),
  /** Such as `slack.message`. */
  type: z.string(),
  external_id: z.string(),
  payload: z.record(z.string(), z.unknown()),
  occurred_at: z.date(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Event = z.infer<typeof EventSchema>
