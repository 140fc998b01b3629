import { TerminalModeSchema } from '@pilot/domain/entities/terminal'
import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { trackedMessage, workspaceScope } from './base.ts'

const shape = {
  terminal_id: idSchema('terminal'),
  mode: TerminalModeSchema,
  /** Exclusive although somebody else holds it: that one watches from now on. */
  take_over: z.boolean(),
}

/** W up, tracked: who may type. Errors: CONFLICT (held by somebody else), NOT_FOUND. */
export const TerminalModeMessageSchema = trackedMessage('terminal.mode', shape)
export type TerminalModeMessage = z.infer<typeof TerminalModeMessageSchema>

/** R down; `actor` becomes the holder. Kept by the runtime. */
export const RuntimeTerminalModeSchema = trackedMessage('terminal.mode', { ...workspaceScope, ...shape })
export type RuntimeTerminalModeMessage = z.infer<typeof RuntimeTerminalModeSchema>
