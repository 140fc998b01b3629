import { z } from 'zod'
import { trackedMessage } from './base.ts'

/** R down, tracked: acknowledge, stop cleanly and exit. */
export const RuntimeShutdownSchema = trackedMessage('runtime.shutdown', { reason: z.string().max(500) })
export type RuntimeShutdownMessage = z.infer<typeof RuntimeShutdownSchema>
