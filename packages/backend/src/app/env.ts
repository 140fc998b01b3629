import type { RequestContext } from '../sessions/ports.ts'

/** Hono's types of the routes: who asks, for which workspace, under which request id. */
export interface RouteEnv {
  Variables: { ctx: RequestContext }
}

/** The app itself is given the same by its caller, the link. */
export interface BackendEnv extends RouteEnv {
  Bindings: RequestContext
}
