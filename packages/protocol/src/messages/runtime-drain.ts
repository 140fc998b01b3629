import { z } from 'zod'
import { trackedMessage } from './base.ts'

/** R down, tracked: with `on`, take no new sessions or prompts until it is switched off again. */
export const RuntimeDrainSchema = trackedMessage('runtime.drain', { on: z.boolean() })
export type RuntimeDrainMessage = z.infer<typeof RuntimeDrainSchema>
