import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { FileChangeSchema } from './model.ts'

/** A lone surrogate cannot be stored or sent on without changing it, so it is refused. */
const wellFormed = (schema: z.ZodString) =>
  schema.refine((value) => value.isWellFormed(), { message: 'holds a broken character (a lone surrogate)' })

/**
 * Bodies of the runtime's native routes below `/api/chamber/workspaces/:slug`, each answered by the machine that holds
 * the workspace (the gateway strips that prefix and tunnels the rest).
 *
 *   GET    /capabilities                      CapabilitiesSchema
 *   GET    /health                            RuntimeHealthSchema
 *   GET    /workspace                         WorkspaceInfoSchema
 *   POST   /sessions                          CreateSessionSchema -> AgentSession (201; the same id again gives 200)
 *   PATCH  /sessions/:ags                     UpdateSessionSchema -> AgentSession
 *   DELETE /sessions/:ags?force=1             204, WORKTREE_DIRTY without force
 *   POST   /sessions/:ags/commands            CommandRequest -> 202 Command
 *   GET    /sessions/:ags/commands/:cmd       Command
 *   GET    /sessions/:ags/snapshot            SessionSnapshot
 *   GET    /sessions/:ags/events?epoch&after  SSE of {seq, event}; Last-Event-ID is `<epoch>:<seq>`. An SSE event named
 *                                             `refetch` with a position says: take a new snapshot, live goes on there
 *   GET    /sessions/:ags/diff?path=          SessionDiffSchema
 *   GET    /sessions/:ags/parts/:part/output  text/plain, the whole tool output
 *   GET    /model                             ModelStatusSchema
 * `GET /sessions` (the list) is answered by the control plane from its rows, so that it works while the machine is off.
 */
export const CreateSessionSchema = z.strictObject({
  /** Client-made, so that a repeated request creates one session. */
  id: idSchema('agent_session'),
  title: wellFormed(z.string().trim().max(200)).optional(),
  /** Branch or commit the session's worktree starts from; default is what the workspace has checked out. */
  base_ref: wellFormed(z.string().trim().min(1).max(250)).optional(),
})
export const UpdateSessionSchema = z.strictObject({
  title: wellFormed(z.string().trim().min(1).max(200)).optional(),
  archived: z.boolean().optional(),
})

export const CapabilitiesSchema = z.object({
  capabilities: z.record(z.string(), z.boolean()),
  runtime: z.object({ id: z.string(), label: z.string(), platform: z.literal('runtime'), version: z.string() }),
})
export const RuntimeHealthSchema = z.object({
  /** Each part on its own: the link, the backend and the engine (`idle` = not started, which is healthy). */
  backend: z.object({ status: z.enum(['ok', 'error']), detail: z.string().optional() }),
  engine: z.object({
    status: z.enum(['idle', 'starting', 'ok', 'restarting', 'failed', 'missing']),
    version: z.string().nullable(),
    detail: z.string().optional(),
  }),
  runtime_time: z.string(),
})
/** What the machine says about the directory of the workspace right now. */
export const WorkspaceInfoSchema = z.object({
  root_name: z.string(),
  repository: z.boolean(),
  branch: z.string().nullable(),
  head: z.string().nullable(),
  worktrees: z.number().int(),
  /** Set when the directory cannot be used: code and sentence for the screen. */
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export const SessionDiffSchema = z.object({
  base: z.string(),
  files: z.array(
    FileChangeSchema.extend({
      /** Unified diff of this file; null when it is binary or above 256 KiB (then ask for it with `path`). */
      patch: z.string().nullable(),
    }),
  ),
  truncated: z.boolean(),
})
export const ModelStatusSchema = z.object({
  current: z.object({ provider: z.string(), model: z.string(), label: z.string(), demo: z.boolean() }),
  /** Where the key comes from; the key itself is never shown. */
  key_source: z.enum(['none', 'environment', 'secret']),
})
export type CreateSession = z.infer<typeof CreateSessionSchema>
export type UpdateSession = z.infer<typeof UpdateSessionSchema>
export type Capabilities = z.infer<typeof CapabilitiesSchema>
export type RuntimeHealth = z.infer<typeof RuntimeHealthSchema>
export type WorkspaceInfo = z.infer<typeof WorkspaceInfoSchema>
export type SessionDiff = z.infer<typeof SessionDiffSchema>
export type ModelStatus = z.infer<typeof ModelStatusSchema>
