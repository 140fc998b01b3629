import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { trackedMessage, workspaceScope } from './base.ts'

/**
 * R down, tracked (8 s): hangs up and forgets the terminal. A program that ignores the hang-up is left running and
 * answered with CONFLICT, unless `force`, which kills its whole process session. Closing what is gone already is fine.
 */
export const TerminalCloseSchema = trackedMessage('terminal.close', {
  ...workspaceScope,
  terminal_id: idSchema('terminal'),
  force: z.boolean(),
})
export type TerminalCloseMessage = z.infer<typeof TerminalCloseSchema>
