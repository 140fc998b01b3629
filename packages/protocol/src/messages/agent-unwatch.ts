import { idSchema } from '@pilot/domain/ids'
import type { z } from 'zod'
import { message } from './base.ts'

/** W up: this tab needs no more events of the session. */
export const AgentUnwatchSchema = message('agent.unwatch', { agent_session_id: idSchema('agent_session') })
export type AgentUnwatchMessage = z.infer<typeof AgentUnwatchSchema>

/** R down: nobody watches the session any more. */
export const RuntimeAgentUnwatchSchema = message('agent.unwatch', {
  workspace_id: idSchema('workspace'),
  agent_session_id: idSchema('agent_session'),
})
export type RuntimeAgentUnwatchMessage = z.infer<typeof RuntimeAgentUnwatchSchema>
