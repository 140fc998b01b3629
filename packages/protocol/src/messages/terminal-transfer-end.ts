import type { z } from 'zod'
import { ChannelSchema, CounterSchema, message } from './base.ts'

/** R up and W down, event: the transfer is complete, live frames follow from `to` (absolute output offset). */
export const TerminalTransferEndSchema = message('terminal.transfer_end', {
  /** The transfer's channel. */
  channel: ChannelSchema,
  to: CounterSchema,
})
export type TerminalTransferEndMessage = z.infer<typeof TerminalTransferEndSchema>
