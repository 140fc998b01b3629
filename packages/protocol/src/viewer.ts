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
import { TerminalAckSchema } from './messages/terminal-ack.ts'
import { TerminalAttachSchema } from './messages/terminal-attach.ts'
import { TerminalAttachedSchema } from './messages/terminal-attached.ts'
import { TerminalDetachSchema } from './messages/terminal-detach.ts'
import { TerminalInputAckSchema } from './messages/terminal-input-ack.ts'
import { TerminalModeMessageSchema } from './messages/terminal-mode.ts'
import { TerminalResetSchema } from './messages/terminal-reset.ts'
import { TerminalResizeSchema, TerminalSizeSchema } from './messages/terminal-resize.ts'
import { TerminalStateMessageSchema } from './messages/terminal-state.ts'
import { TerminalTransferEndSchema } from './messages/terminal-transfer-end.ts'
import { TerminalVisibleSchema } from './messages/terminal-visible.ts'

/** Link W, browser to hub. */
export const ViewerUpMessageSchema = z.discriminatedUnion('type', [
  AgentWatchSchema,
  AgentUnwatchSchema,
  AgentAckSchema,
  TerminalAttachSchema,
  TerminalDetachSchema,
  TerminalVisibleSchema,
  TerminalResizeSchema,
  TerminalAckSchema,
  TerminalModeMessageSchema,
  ProbeSchema,
])
export type ViewerUpMessage = z.infer<typeof ViewerUpMessageSchema>

/** Link W, hub to browser. */
export const ViewerDownMessageSchema = z.discriminatedUnion('type', [
  AgentWatchedSchema,
  AgentEventMessageSchema,
  AgentSummaryMessageSchema,
  RuntimeStateSchema,
  TerminalAttachedSchema,
  TerminalTransferEndSchema,
  TerminalResetSchema,
  TerminalSizeSchema,
  TerminalInputAckSchema,
  TerminalStateMessageSchema,
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
