import { z } from 'zod'
import { ChannelSchema, CounterSchema, message } from './base.ts'

/**
 * W up, fire and forget: everything before `offset` was parsed by the emulator. `channel` is that of the live output
 * (absolute offset) or of this tab's transfer (offset within it). Cumulative.
 */
export const TerminalAckSchema = message('terminal.ack', { channel: ChannelSchema, offset: CounterSchema })
export type TerminalAckMessage = z.infer<typeof TerminalAckSchema>

/**
 * R down. For live output: the furthest offset that any viewer parsed, and whether a visible one is among those that
 * keep up; only then may the program be held back. For a transfer: as its viewer said.
 */
export const RuntimeTerminalAckSchema = message('terminal.ack', {
  channel: ChannelSchema,
  offset: CounterSchema,
  interactive: z.boolean(),
})
export type RuntimeTerminalAckMessage = z.infer<typeof RuntimeTerminalAckSchema>
