import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { CounterSchema, message } from './base.ts'

export const WelcomeWorkspaceSchema = z.object({
  workspace_id: idSchema('workspace'),
  instance_id: idSchema('instance'),
  slug: z.string(),
  name: z.string(),
  type: z.enum(['local', 'git', 'mount', 'sync']),
  generation: CounterSchema,
  config: z.record(z.string(), z.unknown()),
  root_path: z.string().nullable(),
})
export type WelcomeWorkspace = z.infer<typeof WelcomeWorkspaceSchema>

/** Model settings of the instance. The key travels in this message only and is kept in memory only. */
export const WelcomeModelSchema = z.object({
  provider: z.string(),
  model: z.string(),
  label: z.string(),
  base_url: z.string(),
  api_key: z.string().nullable(),
})
export type WelcomeModel = z.infer<typeof WelcomeModelSchema>

/** R down, event: the authoritative list of what this runtime serves; sent after every hello and on every change. */
export const RuntimeWelcomeSchema = message('runtime.welcome', {
  server_time: z.string(),
  /** Oldest runtime version that is still served. */
  min_version: z.string(),
  limits: z.object({ max_frame: z.number().int(), max_message: z.number().int(), max_streams: z.number().int() }),
  workspaces: z.array(WelcomeWorkspaceSchema),
  model: WelcomeModelSchema.nullable(),
})
export type RuntimeWelcomeMessage = z.infer<typeof RuntimeWelcomeSchema>
