import type { z } from 'zod'
import { trackedMessage, workspaceScope } from './base.ts'

/** R down, tracked: stop serving the workspace; its data stays in place. */
export const WorkspaceDetachSchema = trackedMessage('workspace.detach', workspaceScope)
export type WorkspaceDetachMessage = z.infer<typeof WorkspaceDetachSchema>
