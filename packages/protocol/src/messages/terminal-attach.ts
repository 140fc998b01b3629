import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { ColsSchema, OutputPositionSchema, RowsSchema } from '../terminal/model.ts'
import { trackedMessage, workspaceScope } from './base.ts'

const shape = {
  terminal_id: idSchema('terminal'),
  /** Made by the tab and kept over reconnects and reloads: names one counter of input bytes. */
  writer_id: z.string().regex(/^[A-Za-z0-9_-]{8,40}$/),
  /** What this tab has parsed; left out: it has nothing. */
  since: OutputPositionSchema.optional(),
  /** Size of this tab's view; applied when nobody else has typed or watches. */
  cols: ColsSchema,
  rows: RowsSchema,
}

/**
 * W up, tracked, answered by `terminal.attached` or `error`. Said again after every `terminal.reset` and reconnect; a
 * second attach of the same tab replaces the first. While the machine is away: RUNTIME_OFFLINE.
 */
export const TerminalAttachSchema = trackedMessage('terminal.attach', { ...shape, visible: z.boolean() })
export type TerminalAttachMessage = z.infer<typeof TerminalAttachSchema>

/** R down. `read_only`: the viewer may watch only, whatever the mode (impersonation). */
export const RuntimeTerminalAttachSchema = trackedMessage('terminal.attach', {
  ...workspaceScope,
  ...shape,
  read_only: z.boolean(),
})
export type RuntimeTerminalAttachMessage = z.infer<typeof RuntimeTerminalAttachSchema>
