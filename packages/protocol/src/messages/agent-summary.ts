import type { z } from 'zod'
import { AgentSummarySchema } from '../agent/event.ts'
import { message } from './base.ts'

/** R up, then W and O down: what a list shows of one session. On every change, and for all sessions after hello. */
export const AgentSummaryMessageSchema = message('agent.summary', { summary: AgentSummarySchema })
export type AgentSummaryMessage = z.infer<typeof AgentSummaryMessageSchema>
