import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { ColsSchema, RowsSchema, SizeAtSchema, TerminalStatusSchema } from '../terminal/model.ts'
import { ChannelSchema, CounterSchema, trackedMessage } from './base.ts'

/**
 * What a viewer gets before the live bytes, on a channel of its own (frame kind 4, offsets count within the transfer):
 * first `snapshot_bytes` of escape sequences that draw the terminal as it was at `from`, then the raw output from
 * `from` up to the `to` of `terminal.transfer_end`, where the live frames go on.
 */
export const TransferSchema = z.object({
  channel: ChannelSchema,
  kind: z.enum(['replay', 'snapshot']),
  /** Absolute output offset of the first raw byte. For a replay it is the viewer's own offset. */
  from: CounterSchema,
  /** 0 for a replay. */
  snapshot_bytes: CounterSchema,
  /** Size at `from`; with a snapshot the viewer clears its screen, takes this size, then draws. */
  cols: ColsSchema,
  rows: RowsSchema,
  /** Sizes that the terminal took after `from`, oldest first, up to the present end. */
  sizes: z.array(SizeAtSchema).max(1_000),
  /** Output that is gone from the machine's memory, between what the viewer had (or 0) and what it now gets. */
  gap: z.object({ from: CounterSchema, to: CounterSchema }).nullable(),
})
export type Transfer = z.infer<typeof TransferSchema>

/** W down and R up: answers `terminal.attach`. Every attach has a transfer, if only an empty one. */
export const TerminalAttachedSchema = trackedMessage('terminal.attached', {
  ...TerminalStatusSchema.shape,
  /** Live output, frame kind 1. */
  channel: ChannelSchema,
  /** Of this writer, frame kind 2; null while it may only watch. */
  input_channel: ChannelSchema.nullable(),
  /** Bytes of this writer that the program's terminal has taken: the next frame begins here. */
  accepted: CounterSchema,
  transfer: TransferSchema,
})
export type TerminalAttachedMessage = z.infer<typeof TerminalAttachedSchema>

export const RuntimeTerminalAttachedSchema = TerminalAttachedSchema.extend({ workspace_id: idSchema('workspace') })
export type RuntimeTerminalAttachedMessage = z.infer<typeof RuntimeTerminalAttachedSchema>
