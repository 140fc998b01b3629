import { z } from 'zod'
import { ChannelSchema, message } from './base.ts'

/** R both ways: that many more bytes may be sent in the direction towards the sender of this message. */
export const StreamCreditSchema = message('stream.credit', {
  channel: ChannelSchema,
  bytes: z.number().int().min(1).max(0x4000_0000),
})
export type StreamCreditMessage = z.infer<typeof StreamCreditSchema>
