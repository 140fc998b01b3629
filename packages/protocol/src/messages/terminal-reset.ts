import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { message } from './base.ts'

/**
 * W down, event: the attachment is void and the tab attaches again with what it has parsed. Without `terminal_id` it is
 * meant for all of them (the machine connected anew, the hub was rebuilt). `behind`: this tab was too slow.
 */
export const TerminalResetSchema = message('terminal.reset', {
  terminal_id: idSchema('terminal').optional(),
  reason: z.enum(['link', 'behind']),
})
export type TerminalResetMessage = z.infer<typeof TerminalResetSchema>
