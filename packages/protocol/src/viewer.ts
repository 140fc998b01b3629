import { z } from 'zod'
import { AckSchema } from './messages/ack.ts'
import { AgentAckSchema } from './messages/agent-ack.ts'
import { AgentEventMessageSchema } from './messages/agent-event.ts'
import { AgentSummaryMessageSchema } from './messages/agent-summary.ts'
import { AgentUnwatchSchema } from './messages/agent-unwatch.ts'
import { AgentWatchSchema } from './messages/agent-watch.ts'
import { AgentWatchedSchema } from './messages/agent-watched.ts'
import { ErrorMessageSchema } from './messages/error.ts'
import { InvalidateSchema } from './messages/invalidate.ts'
import { NotifySchema } from './messages/notify.ts'
import { ProbeSchema } from './messages/probe.ts'
import { RuntimeStateSchema } from './messages/runtime-state.ts'

/** Link W, browser to hub. */
export const ViewerUpMessageSchema = z.discriminatedUnion('type', [
  AgentWatchSchema,
  AgentUnwatchSchema,
  AgentAckSchema,
  ProbeSchema,
])
export type ViewerUpMessage = z.infer<typeof ViewerUpMessageSchema>

/** Link W, hub to browser. */
export const ViewerDownMessageSchema = z.discriminatedUnion('type', [
  AgentWatchedSchema,
  AgentEventMessageSchema,
  AgentSummaryMessageSchema,
  RuntimeStateSchema,
  AckSchema,
  ErrorMessageSchema,
])
export type ViewerDownMessage = z.infer<typeof ViewerDownMessageSchema>

/** Link O, hub to browser. A browser sends nothing on it but pings. */
export const OrganizationDownMessageSchema = z.discriminatedUnion('type', [
  InvalidateSchema,
  NotifySchema,
  AgentSummaryMessageSchema,
  ErrorMessageSchema,
])
export type OrganizationDownMessage = z.infer<typeof OrganizationDownMessageSchema>
