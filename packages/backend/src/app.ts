import { errorBody, PilotError } from '@pilot/domain/errors'
import { Hono } from 'hono'
import type { BackendEnv, RouteEnv } from './app/env.ts'
import { machineError } from './app/errors.ts'
import { type NativeDeps, nativeRoutes } from './app/native-routes.ts'
import type { Chamber } from './chamber/chamber.ts'
import { UNSUPPORTED_FAMILIES } from './chamber/route-table.ts'
import type { RequestContext } from './sessions/ports.ts'

export interface BackendAppDeps extends NativeDeps {
  chamber: Chamber
  /** Routes of the agent sessions (`/sessions/…`). */
  sessions: Hono<RouteEnv>
  /** Routes of the terminals (`/terminal/…`); left out on a machine that has none. */
  terminals?: Hono<RouteEnv>
  /** Operator's log for what nobody expected. */
  log: (message: string, cause: unknown) => void
}

export interface BackendApp {
  /** Answers one request for a workspace. `request.url` holds the path below the workspace. Never rejects. */
  fetch(request: Request, context: RequestContext): Promise<Response>
  /** What this runtime can do, as it tells the control plane. */
  capabilities(): Record<string, boolean>
}

/**
 * The routes of a runtime, over whatever adapter it has. Each request is fenced by the workspace's generation first;
 * then native routes, OpenCode's own routes from the allow-list, and for the rest a stable code.
 */
export function createBackendApp(deps: BackendAppDeps): BackendApp {
  const app = new Hono<BackendEnv>()
  app.use(async (c, next) => {
    // Whatever a client puts in its own request, the context comes from the link alone.
    const { workspace_id, generation, actor, request_id } = c.env
    deps.registry.require(workspace_id, generation)
    c.set('ctx', { workspace_id, generation, actor, request_id })
    await next()
  })
  app.route('/', nativeRoutes(deps))
  app.route('/', deps.sessions)
  if (deps.terminals) app.route('/', deps.terminals)
  app.all('*', async (c) => {
    const url = new URL(c.req.url)
    const answer = await deps.chamber.handle(c.req.raw, url, c.env)
    if (answer) return answer
    const family = url.pathname.split('/')[1] ?? ''
    const capability = Object.hasOwn(UNSUPPORTED_FAMILIES, family) ? UNSUPPORTED_FAMILIES[family] : undefined
    const missing = capability !== undefined && !(capability === 'terminal' && deps.terminals)
    if (missing) throw new PilotError('CAPABILITY_UNSUPPORTED', undefined, { capability })
    throw new PilotError('NOT_FOUND')
  })
  const failed = (cause: unknown, requestId: string): Response => {
    const error = machineError(cause)
    if (error.code === 'INTERNAL') deps.log('a request failed', cause)
    const { status, body } = errorBody(error, requestId)
    return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
  }
  app.onError((cause, c) => failed(cause, c.env.request_id))
  return {
    capabilities: () => deps.adapter.capabilities().capabilities,
    async fetch(request, context) {
      try {
        return await app.fetch(request, context)
      } catch (cause) {
        return failed(cause, context.request_id)
      }
    },
  }
}
