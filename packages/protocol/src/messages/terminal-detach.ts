import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { ChannelSchema, message, workspaceScope } from './base.ts'

/** W up, fire and forget: this tab does not watch the terminal any more. */
export const TerminalDetachSchema = message('terminal.detach', { terminal_id: idSchema('terminal') })
export type TerminalDetachMessage = z.infer<typeof TerminalDetachSchema>

/**
 * R down, fire and forget. `input_channel` and `transfer_channel` of the viewer that left are closed; with `last` nobody
 * watches any more and no byte leaves the machine.
 */
export const RuntimeTerminalDetachSchema = message('terminal.detach', {
  ...workspaceScope,
  terminal_id: idSchema('terminal'),
  input_channel: ChannelSchema.optional(),
  transfer_channel: ChannelSchema.optional(),
  last: z.boolean(),
})
export type RuntimeTerminalDetachMessage = z.infer<typeof RuntimeTerminalDetachSchema>
