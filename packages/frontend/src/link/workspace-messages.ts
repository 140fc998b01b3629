import { AgentEventMessageSchema } from '@pilot/protocol/messages/agent-event'
import { ViewerDownMessageSchema } from '@pilot/protocol/viewer'
import { z } from 'zod'

/** An event inside its envelope, not looked into: a newer machine may send events that this page does not know. */
const LooseEventSchema = AgentEventMessageSchema.extend({ event: z.unknown() })

/** Reads a message of the workspace link; null when this page does not know it. */
export function readWorkspaceMessage(raw: unknown) {
  const parsed = ViewerDownMessageSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  const loose = LooseEventSchema.safeParse(raw)
  return loose.success ? { ...loose.data, event: null } : null
}
