import { z } from 'zod'
import { trackedMessage, workspaceScope } from './base.ts'

/** R down, tracked: detach and delete what Pilot made for it. The user's own directory is never deleted. */
export const WorkspaceRemoveSchema = trackedMessage('workspace.remove', {
  ...workspaceScope,
  /** Also when worktrees hold changes that are not committed. */
  force: z.boolean(),
})
export type WorkspaceRemoveMessage = z.infer<typeof WorkspaceRemoveSchema>
