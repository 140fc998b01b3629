import { z } from 'zod'
import { AckSchema } from './messages/ack.ts'
import { RuntimeAgentUnwatchSchema } from './messages/agent-unwatch.ts'
import { RuntimeAgentWatchSchema } from './messages/agent-watch.ts'
import { ErrorMessageSchema } from './messages/error.ts'
import { ProbeSchema } from './messages/probe.ts'
import { RuntimeDrainSchema } from './messages/runtime-drain.ts'
import { RuntimeResyncSchema } from './messages/runtime-resync.ts'
import { RuntimeRotateTokenSchema } from './messages/runtime-rotate-token.ts'
import { RuntimeShutdownSchema } from './messages/runtime-shutdown.ts'
import { RuntimeWelcomeSchema } from './messages/runtime-welcome.ts'
import { StreamCreditSchema } from './messages/stream-credit.ts'
import { StreamEndSchema } from './messages/stream-end.ts'
import { StreamHeadSchema } from './messages/stream-head.ts'
import { StreamOpenSchema } from './messages/stream-open.ts'
import { StreamResetSchema } from './messages/stream-reset.ts'
import { RuntimeTerminalAckSchema } from './messages/terminal-ack.ts'
import { RuntimeTerminalAttachSchema } from './messages/terminal-attach.ts'
import { TerminalCloseSchema } from './messages/terminal-close.ts'
import { RuntimeTerminalDetachSchema } from './messages/terminal-detach.ts'
import { RuntimeTerminalModeSchema } from './messages/terminal-mode.ts'
import { TerminalOpenSchema } from './messages/terminal-open.ts'
import { RuntimeTerminalResizeSchema } from './messages/terminal-resize.ts'
import { WorkspaceDetachSchema } from './messages/workspace-detach.ts'
import { WorkspacePrepareSchema } from './messages/workspace-prepare.ts'
import { WorkspaceRemoveSchema } from './messages/workspace-remove.ts'

/** Commands that the runtime answers with `ack` or `error`, exactly one effect per `request_id`. */
export const RuntimeCommandSchema = z.discriminatedUnion('type', [
  RuntimeDrainSchema,
  RuntimeShutdownSchema,
  RuntimeRotateTokenSchema,
  WorkspacePrepareSchema,
  WorkspaceDetachSchema,
  WorkspaceRemoveSchema,
  TerminalOpenSchema,
  TerminalCloseSchema,
  RuntimeTerminalModeSchema,
])
export type RuntimeCommand = z.infer<typeof RuntimeCommandSchema>
export type RuntimeCommandType = RuntimeCommand['type']

/** Link R, hub to runtime. */
export const DownMessageSchema = z.discriminatedUnion('type', [
  RuntimeWelcomeSchema,
  RuntimeResyncSchema,
  ...RuntimeCommandSchema.options,
  StreamOpenSchema,
  StreamHeadSchema,
  StreamCreditSchema,
  StreamEndSchema,
  StreamResetSchema,
  RuntimeAgentWatchSchema,
  RuntimeAgentUnwatchSchema,
  RuntimeTerminalAttachSchema,
  RuntimeTerminalDetachSchema,
  RuntimeTerminalResizeSchema,
  RuntimeTerminalAckSchema,
  ProbeSchema,
  AckSchema,
  ErrorMessageSchema,
])
export type DownMessage = z.infer<typeof DownMessageSchema>
