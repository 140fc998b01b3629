import { z } from 'zod'
import { ChannelSchema, CounterSchema, message, workspaceScope } from './base.ts'

/** Header lines as pairs, names in lower case. All of them together stay under 16 KiB. */
export const HeaderPairsSchema = z.array(z.tuple([z.string().max(256), z.string().max(8_192)])).max(100)
export type HeaderPairs = z.infer<typeof HeaderPairsSchema>

/** R both ways: a request. The opener picks the channel (hub even, runtime odd) and never uses it again. */
export const StreamOpenSchema = message('stream.open', {
  ...workspaceScope,
  channel: ChannelSchema,
  method: z.string().regex(/^[A-Z]{1,16}$/),
  /** Path and query below the workspace root, beginning with a slash. */
  path: z.string().startsWith('/').max(16_384),
  headers: HeaderPairsSchema,
  has_body: z.boolean(),
  /** Bytes of the answer that may be sent before the first `stream.credit`. */
  credit: CounterSchema,
})
export type StreamOpenMessage = z.infer<typeof StreamOpenSchema>
