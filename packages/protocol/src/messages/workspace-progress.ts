import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { trackedMessage } from './base.ts'

/** R up, event: a running workspace command lives; `request_id` is the command's. */
export const WorkspaceProgressSchema = trackedMessage('workspace.progress', {
  workspace_id: idSchema('workspace'),
  step: z.string().max(100),
  message: z.string().max(500),
  /** 0..1, absent when unknown. */
  fraction: z.number().min(0).max(1).optional(),
})
export type WorkspaceProgressMessage = z.infer<typeof WorkspaceProgressSchema>
