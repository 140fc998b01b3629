import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { AgentEventSchema, PositionSchema } from '../agent/event.ts'
import { message, RequestIdSchema } from './base.ts'

/**
 * W down: one journal entry. Sequence numbers follow each other without a hole; one at or below the viewer's position
 * is a repetition and is ignored.
 */
export const AgentEventMessageSchema = message('agent.event', {
  ...PositionSchema.shape,
  agent_session_id: idSchema('agent_session'),
  event: AgentEventSchema,
})
export type AgentEventMessage = z.infer<typeof AgentEventMessageSchema>

/**
 * R up. The event is not looked into by the hub, so that a newer runtime can talk to newer tabs through it. With
 * `watch_id` (the `request_id` of an `agent.watch`) the entry is a replay for that one watch.
 */
export const RuntimeAgentEventSchema = message('agent.event', {
  ...PositionSchema.shape,
  workspace_id: idSchema('workspace'),
  agent_session_id: idSchema('agent_session'),
  watch_id: RequestIdSchema.optional(),
  event: z.looseObject({ type: z.string().max(64) }),
})
export type RuntimeAgentEventMessage = z.infer<typeof RuntimeAgentEventSchema>
