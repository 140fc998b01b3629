import { z } from 'zod'
import { trackedMessage } from './base.ts'

/** Reply to a tracked message that succeeded. */
export const AckSchema = trackedMessage('ack', { ok: z.literal(true), data: z.unknown().optional() })
export type AckMessage = z.infer<typeof AckSchema>
