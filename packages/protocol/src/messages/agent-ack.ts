import { idSchema } from '@pilot/domain/ids'
import type { z } from 'zod'
import { CounterSchema, message } from './base.ts'

/** W up: everything up to `seq` is applied. Cumulative; sent every 50 events or 250 ms after the last one. */
export const AgentAckSchema = message('agent.ack', { agent_session_id: idSchema('agent_session'), seq: CounterSchema })
export type AgentAckMessage = z.infer<typeof AgentAckSchema>
