import type { z } from 'zod'
import { message } from './base.ts'

/** R down: the hub lost its memory. Streams are gone; the runtime says hello again and the watches go on. */
export const RuntimeResyncSchema = message('runtime.resync', {})
export type RuntimeResyncMessage = z.infer<typeof RuntimeResyncSchema>
