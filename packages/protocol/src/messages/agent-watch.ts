import { idSchema } from '@pilot/domain/ids'
import type { z } from 'zod'
import { PositionSchema } from '../agent/event.ts'
import { trackedMessage, workspaceScope } from './base.ts'

/**
 * W up and R down, tracked, answered by `agent.watched` or `error`: events of this session from now on. `since` is the
 * position that the viewer has applied. While the machine is away the answer is RUNTIME_OFFLINE; the watch stands and
 * `agent.watched` follows when it is back.
 */
export const AgentWatchSchema = trackedMessage('agent.watch', {
  agent_session_id: idSchema('agent_session'),
  since: PositionSchema.optional(),
})
export type AgentWatchMessage = z.infer<typeof AgentWatchSchema>

export const RuntimeAgentWatchSchema = trackedMessage('agent.watch', {
  ...workspaceScope,
  agent_session_id: idSchema('agent_session'),
  since: PositionSchema.optional(),
})
export type RuntimeAgentWatchMessage = z.infer<typeof RuntimeAgentWatchSchema>
