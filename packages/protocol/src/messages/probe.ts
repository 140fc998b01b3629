import { z } from 'zod'
import { trackedMessage } from './base.ts'

/** W up and R down, tracked: the whole way to the runtime and back. The ack's data is `ProbeResult`. */
export const ProbeSchema = trackedMessage('probe', { nonce: z.string().min(1).max(80) })
export type ProbeMessage = z.infer<typeof ProbeSchema>

export const ProbeResultSchema = z.object({ nonce: z.string(), runtime_time: z.string() })
export type ProbeResult = z.infer<typeof ProbeResultSchema>
