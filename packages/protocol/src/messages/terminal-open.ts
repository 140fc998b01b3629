import { TerminalSourceSchema } from '@pilot/domain/entities/terminal'
import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { ColsSchema, RowsSchema } from '../terminal/model.ts'
import { LaunchSchema } from '../terminal/rest.ts'
import { trackedMessage, workspaceScope } from './base.ts'

/**
 * R down, tracked: starts the program. The ack's data is `TerminalStatus`; an id that runs already is answered with its
 * present status. Errors: LIMIT_REACHED, VALIDATION_FAILED (missing shell or program), PATH_OUTSIDE_WORKSPACE,
 * NOT_FOUND (directory, agent session), RUNTIME_ERROR (no PTY left).
 */
export const TerminalOpenSchema = trackedMessage('terminal.open', {
  ...workspaceScope,
  terminal_id: idSchema('terminal'),
  launch: LaunchSchema,
  cwd: z.string().max(4_096),
  agent_session_id: idSchema('agent_session').optional(),
  source: TerminalSourceSchema,
  cols: ColsSchema,
  rows: RowsSchema,
  /** Terminals that this runtime may hold at once. */
  limit: z.number().int().min(1),
})
export type TerminalOpenMessage = z.infer<typeof TerminalOpenSchema>
