import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { message } from './base.ts'

/** W up, fire and forget: whether the terminal can be seen in this tab. A hidden one never holds the program back. */
export const TerminalVisibleSchema = message('terminal.visible', {
  terminal_id: idSchema('terminal'),
  visible: z.boolean(),
})
export type TerminalVisibleMessage = z.infer<typeof TerminalVisibleSchema>
