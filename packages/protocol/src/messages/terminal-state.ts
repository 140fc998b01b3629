import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { TerminalStatusSchema } from '../terminal/model.ts'
import { message } from './base.ts'

/**
 * W down, event, to every tab of the workspace: what the machine says of a terminal, on every change; and what it said
 * last of each of them, to a tab that connects and to all tabs once a new link has said hello. `closed`: it is gone for good and leaves
 * the list. `bell`: the program rang.
 */
export const TerminalStateMessageSchema = message('terminal.state', {
  terminal: TerminalStatusSchema,
  closed: z.boolean(),
  bell: z.boolean(),
})
export type TerminalStateMessage = z.infer<typeof TerminalStateMessageSchema>

/** R up. */
export const RuntimeTerminalStateSchema = TerminalStateMessageSchema.extend({ workspace_id: idSchema('workspace') })
export type RuntimeTerminalStateMessage = z.infer<typeof RuntimeTerminalStateSchema>
