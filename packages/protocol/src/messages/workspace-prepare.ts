import type { z } from 'zod'
import { trackedMessage, workspaceScope } from './base.ts'
import { WelcomeWorkspaceSchema } from './runtime-welcome.ts'

/**
 * R down, tracked (120 s, progress restarts the clock): make the workspace ready on this machine. The description is
 * the same as in the welcome, in a field of its own because its `type` is not the message's. `ack.data` is {root_path}.
 */
export const WorkspacePrepareSchema = trackedMessage('workspace.prepare', {
  ...workspaceScope,
  workspace: WelcomeWorkspaceSchema,
})
export type WorkspacePrepareMessage = z.infer<typeof WorkspacePrepareSchema>
