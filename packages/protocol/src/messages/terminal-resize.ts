import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { ColsSchema, RowsSchema } from '../terminal/model.ts'
import { ChannelSchema, CounterSchema, message, workspaceScope } from './base.ts'

/**
 * W up, fire and forget: the size that this tab wants. It is taken from whoever typed last, or is alone. `claim`: this tab
 * is the one whose size counts from now on, as if it had typed.
 */
export const TerminalResizeSchema = message('terminal.resize', {
  terminal_id: idSchema('terminal'),
  cols: ColsSchema,
  rows: RowsSchema,
  claim: z.boolean().optional(),
})
export type TerminalResizeMessage = z.infer<typeof TerminalResizeSchema>

/** R down, with the channel of the writer who asks. */
export const RuntimeTerminalResizeSchema = message('terminal.resize', {
  ...workspaceScope,
  terminal_id: idSchema('terminal'),
  input_channel: ChannelSchema,
  cols: ColsSchema,
  rows: RowsSchema,
  claim: z.boolean().optional(),
})
export type RuntimeTerminalResizeMessage = z.infer<typeof RuntimeTerminalResizeSchema>

/** R up and W down, event, in order with the output frames of `channel`: the terminal has this size from `offset` on. */
export const TerminalSizeSchema = message('terminal.size', {
  channel: ChannelSchema,
  offset: CounterSchema,
  cols: ColsSchema,
  rows: RowsSchema,
})
export type TerminalSizeMessage = z.infer<typeof TerminalSizeSchema>
