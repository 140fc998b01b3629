import { z } from 'zod'
import { message } from './base.ts'

/** W down, event: whether the machine of this workspace is connected; sent on attach and on every change. */
export const RuntimeStateSchema = message('runtime.state', { online: z.boolean(), since: z.string().nullable() })
export type RuntimeStateMessage = z.infer<typeof RuntimeStateSchema>
