import { z } from 'zod'
import { AckSchema } from './messages/ack.ts'
import { RuntimeAgentEventSchema } from './messages/agent-event.ts'
import { AgentSummaryMessageSchema } from './messages/agent-summary.ts'
import { RuntimeAgentWatchedSchema } from './messages/agent-watched.ts'
import { ErrorMessageSchema } from './messages/error.ts'
import { InventoryChangedSchema } from './messages/inventory-changed.ts'
import { RuntimeHealthSchema } from './messages/runtime-health.ts'
import { RuntimeHelloSchema } from './messages/runtime-hello.ts'
import { StreamCreditSchema } from './messages/stream-credit.ts'
import { StreamEndSchema } from './messages/stream-end.ts'
import { StreamHeadSchema } from './messages/stream-head.ts'
import { StreamOpenSchema } from './messages/stream-open.ts'
import { StreamResetSchema } from './messages/stream-reset.ts'
import { RuntimeTerminalAttachedSchema } from './messages/terminal-attached.ts'
import { TerminalInputAckSchema } from './messages/terminal-input-ack.ts'
import { TerminalSizeSchema } from './messages/terminal-resize.ts'
import { RuntimeTerminalStateSchema } from './messages/terminal-state.ts'
import { TerminalTransferEndSchema } from './messages/terminal-transfer-end.ts'
import { WorkspaceProgressSchema } from './messages/workspace-progress.ts'

/** Link R, runtime to hub. */
export const UpMessageSchema = z.discriminatedUnion('type', [
  RuntimeHelloSchema,
  RuntimeHealthSchema,
  WorkspaceProgressSchema,
  StreamOpenSchema,
  StreamHeadSchema,
  StreamCreditSchema,
  StreamEndSchema,
  StreamResetSchema,
  RuntimeAgentWatchedSchema,
  RuntimeAgentEventSchema,
  AgentSummaryMessageSchema,
  InventoryChangedSchema,
  RuntimeTerminalAttachedSchema,
  TerminalTransferEndSchema,
  TerminalSizeSchema,
  TerminalInputAckSchema,
  RuntimeTerminalStateSchema,
  AckSchema,
  ErrorMessageSchema,
])
export type UpMessage = z.infer<typeof UpMessageSchema>
