import type { Context } from 'hono'
import type { Identity } from '../auth/identity.ts'

/** What travels with one request inside the gateway. */
export interface GatewayEnv {
  Bindings: {
    /** The request as the shell received it; sockets can only be upgraded on this very object. */
    original: Request
    ip: string
  }
  Variables: {
    request_id: string
    /** Set by routes that authenticate with the cookie. */
    identity: Identity | undefined
    /** Pattern of the matched route, for the log. */
    route: string
  }
}
export type GatewayContext = Context<GatewayEnv>
