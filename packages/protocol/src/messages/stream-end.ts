import type { z } from 'zod'
import { ChannelSchema, CounterSchema, message } from './base.ts'

/** R both ways: the sender's direction is complete, and held `bytes` in all. The answer's end ends the stream. */
export const StreamEndSchema = message('stream.end', { channel: ChannelSchema, bytes: CounterSchema })
export type StreamEndMessage = z.infer<typeof StreamEndSchema>
