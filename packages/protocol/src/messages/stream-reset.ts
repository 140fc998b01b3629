import { ErrorCodeSchema } from '@pilot/domain/errors'
import { z } from 'zod'
import { ChannelSchema, message } from './base.ts'

/** R both ways: the stream is over, incomplete. `CANCELLED` when the reader or the caller went away. */
export const StreamResetSchema = message('stream.reset', {
  channel: ChannelSchema,
  code: ErrorCodeSchema,
  message: z.string().max(500).optional(),
})
export type StreamResetMessage = z.infer<typeof StreamResetSchema>
