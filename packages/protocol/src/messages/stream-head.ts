import { z } from 'zod'
import { ChannelSchema, message } from './base.ts'
import { HeaderPairsSchema } from './stream-open.ts'

/** R both ways: status and headers of the answer. */
export const StreamHeadSchema = message('stream.head', {
  channel: ChannelSchema,
  status: z.number().int().min(200).max(599),
  headers: HeaderPairsSchema,
  has_body: z.boolean(),
})
export type StreamHeadMessage = z.infer<typeof StreamHeadSchema>
