import { basename } from 'node:path'
import { PilotError, toPilotError } from '@pilot/domain/errors'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import type { Capabilities, ModelStatus, RuntimeHealth, WorkspaceInfo } from '@pilot/protocol/agent/rest'
import { Hono } from 'hono'
import type { RuntimeAdapter } from '../adapter/adapter.ts'
import { noCommit, type RepositoryInfo } from '../git/repository.ts'
import { readBounded } from '../read-bounded.ts'
import type { RequestContext } from '../sessions/ports.ts'
import { MAX_SETTINGS_BYTES, type SettingsStore, WorkspaceSettingsSchema } from '../settings/settings.ts'
import type { WorkspaceRegistry } from '../workspaces/registry.ts'
import type { RouteEnv } from './env.ts'

export interface NativeDeps {
  adapter: RuntimeAdapter
  registry: Pick<WorkspaceRegistry, 'require' | 'get' | 'usableRoot'>
  inspect: (root: string) => Promise<RepositoryInfo | null>
  /** How many worktrees of sessions the workspace has. */
  worktrees: (workspaceId: RequestContext['workspace_id']) => number
  summaries: (workspaceId: RequestContext['workspace_id']) => AgentSummary[]
  model: () => ModelStatus
  settings: SettingsStore
}

/** Routes that the runtime answers itself, without OpenCode; the session routes stand beside them. */
export function nativeRoutes(deps: NativeDeps): Hono<RouteEnv> {
  const app = new Hono<RouteEnv>()
  app.get('/capabilities', (c) => c.json(deps.adapter.capabilities() satisfies Capabilities))
  app.get('/health', (c) => c.json(deps.adapter.health() satisfies RuntimeHealth))
  app.get('/model', (c) => c.json(deps.model() satisfies ModelStatus))
  app.get('/workspace', async (c) => c.json(await workspaceInfo(deps, c.var.ctx.workspace_id)))
  app.get('/session-activity', (c) => c.json({ sessions: deps.summaries(c.var.ctx.workspace_id) }))
  app.get('/config/settings', (c) => c.json(deps.settings.read(c.var.ctx.workspace_id)))
  app.put('/config/settings', async (c) => {
    const text = await readBounded(c.req.raw, MAX_SETTINGS_BYTES)
    const parsed = WorkspaceSettingsSchema.safeParse(parseJson(text))
    if (!parsed.success) {
      throw new PilotError('VALIDATION_FAILED', 'Send {"version": the version you have read, "value": an object}.')
    }
    return c.json(deps.settings.write(c.var.ctx.workspace_id, parsed.data))
  })
  return app
}

/** A directory that cannot be used is an answer, too: the screen shows its problem. */
async function workspaceInfo(deps: NativeDeps, workspaceId: RequestContext['workspace_id']): Promise<WorkspaceInfo> {
  const known = deps.registry.get(workspaceId)
  const info: WorkspaceInfo = {
    root_name: known?.root_path ? basename(known.root_path) : (known?.name ?? ''),
    repository: false,
    branch: null,
    head: null,
    worktrees: deps.worktrees(workspaceId),
    problem: null,
  }
  try {
    const root = await deps.registry.usableRoot(workspaceId)
    const repository = await deps.inspect(root)
    if (!repository) return info
    const { branch, head } = repository
    const found = { ...info, repository: true, branch, head }
    if (head !== null) return found
    const { code, message } = noCommit()
    return { ...found, problem: { code, message } }
  } catch (cause) {
    const { code, message } = toPilotError(cause)
    return { ...info, problem: { code, message } }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PilotError('VALIDATION_FAILED', 'The body is not valid JSON.', undefined, { cause })
  }
}
