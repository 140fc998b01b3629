import { z } from 'zod'
import { message } from './base.ts'

/** O down: a sentence for the people who are looking. */
export const NotifySchema = message('notify', {
  level: z.enum(['info', 'warning', 'error']),
  message: z.string().max(500),
  /** Path below the base, such as `/my-workspace`. */
  link: z.string().startsWith('/').max(500).nullable(),
})
export type NotifyMessage = z.infer<typeof NotifySchema>
