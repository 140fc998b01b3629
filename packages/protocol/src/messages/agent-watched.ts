import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { PositionSchema } from '../agent/event.ts'
import { message } from './base.ts'

const shape = {
  ...PositionSchema.shape,
  agent_session_id: idSchema('agent_session'),
  /**
   * Either way the events after `seq` follow. `refetch`: the state up to `seq` is not what the viewer has, it reads a
   * snapshot now and applies the events after the snapshot's own seq.
   */
  mode: z.enum(['replay', 'refetch']),
}

/**
 * W down and R up. Answers `agent.watch`; without `request_id` it announces by itself that a watch goes on (the
 * machine is back), or that events were skipped for this viewer (it was too slow, or an event was too large).
 */
export const AgentWatchedSchema = message('agent.watched', shape)
export type AgentWatchedMessage = z.infer<typeof AgentWatchedSchema>

export const RuntimeAgentWatchedSchema = message('agent.watched', { ...shape, workspace_id: idSchema('workspace') })
export type RuntimeAgentWatchedMessage = z.infer<typeof RuntimeAgentWatchedSchema>
