import { z } from 'zod'
import { message } from './base.ts'

/** O down: these cached queries are stale, e.g. `[["machine","list","inst_…"]]`. `request_id` is the origin's. */
export const InvalidateSchema = message('invalidate', {
  keys: z.array(z.array(z.string().max(200)).max(8)).max(100),
  /** Everything is stale. */
  all: z.boolean().optional(),
})
export type InvalidateMessage = z.infer<typeof InvalidateSchema>
