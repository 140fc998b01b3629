import { storageError } from '@pilot/domain/d1/errors'
import { PilotError } from '@pilot/domain/errors'
import { type Id, isId } from '@pilot/domain/ids'
import type { Role } from '@pilot/protocol/api/views'
import { CLOSE } from '@pilot/protocol/close-codes'
import type { Hono } from 'hono'
import type { App } from '../app-context.ts'
import type { Identity, IdentityPort } from '../auth/identity.ts'
import type { GatewayContext, GatewayEnv } from '../http/context.ts'
import { checkOrigin } from '../http/origin.ts'
import type { RuntimeIdentity } from '../hub/port.ts'
import { authenticateRuntime } from '../services/enrollment.ts'
import {
  type Actor,
  type MachineScope,
  machineById,
  type OrganizationScope,
  organizationById,
  type WorkspaceScope,
  workspaceBySlug,
} from './scope.ts'

/**
 * Who may use an HTTP route. There is no way to add a route without one.
 *
 * - `public`: anybody; nothing is read from a cookie.
 * - `session`: anybody; the handler gets the identity, if there is one (tRPC: each procedure has its own policy).
 * - `user`: signed in.
 * - `organization`, `machine`, `workspace`: member with at least that role; the path names the thing
 *   (`:organizationId`, `:id`, `:slug`).
 * - `enrollment`: the body carries a single-use token; cookies are not read.
 * - `runtime`: the bearer token of the runtime in the path; cookies are refused.
 * - `page`: the application's document and assets; the identity only decides 200 or 404.
 */
export type RoutePolicy =
  | { kind: 'public' | 'session' | 'user' | 'enrollment' | 'runtime' | 'page' }
  | { kind: 'organization' | 'machine' | 'workspace'; min: Role }

interface ScopeByKind {
  public: null
  session: Identity | null
  user: Actor
  organization: OrganizationScope
  machine: MachineScope
  workspace: WorkspaceScope
  enrollment: null
  runtime: RuntimeIdentity
  page: Identity | null
}

export interface RouteInfo {
  method: string
  path: string
  policy: RoutePolicy
  /** Upgrades to a WebSocket: where a cookie counts, the exact origin is required although the method is GET. */
  socket: boolean
}

export type RouteHandler<K extends RoutePolicy['kind']> = (
  c: GatewayContext,
  scope: ScopeByKind[K],
) => Response | Promise<Response>

export type AddRoute = <P extends RoutePolicy>(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'ALL',
  path: string,
  policy: P,
  handler: RouteHandler<P['kind']>,
  options?: { socket?: boolean },
) => void

/** The one way to add a route: it is recorded with its policy, and the policy runs before the handler. */
export function routeTable(app: App, hono: Hono<GatewayEnv>, identity: IdentityPort) {
  const routes: RouteInfo[] = []
  const add: AddRoute = (method, path, policy, handler, options) => {
    const info: RouteInfo = { method, path, policy, socket: options?.socket ?? false }
    routes.push(info)
    hono.on(method === 'ALL' ? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] : [method], [path], async (c) => {
      c.set('route', path)
      let scope: unknown
      try {
        scope = await enforce(app, identity, c, info)
      } catch (thrown) {
        const cause = storageError(thrown)
        if (cause instanceof PilotError) return refuseSocket(app, c, info, cause)
        // Whatever went wrong, nobody is let in by it.
        app.logger.error({ request_id: c.get('request_id'), err: cause }, 'a caller could not be checked')
        throw new PilotError('AUTH_UNAVAILABLE', undefined, undefined, { cause })
      }
      return handler(c, scope as ScopeByKind[(typeof policy)['kind']])
    })
  }
  return { add, routes: routes as readonly RouteInfo[] }
}

async function enforce(app: App, port: IdentityPort, c: GatewayContext, route: RouteInfo): Promise<unknown> {
  const { policy, socket } = route
  const request = c.req.raw
  switch (policy.kind) {
    case 'runtime':
      return runtimeIdentity(app, c)
    case 'enrollment': {
      // No browser enrols a machine; one that tries is a page of somebody else.
      const origin = request.headers.get('origin')
      if (origin !== null && !app.config.origins.includes(origin)) throw new PilotError('ORIGIN_REFUSED')
      return null
    }
    case 'public':
      checkOrigin(request, app.config, socket)
      return null
  }
  checkOrigin(request, app.config, socket)
  const who = await port.identify(request)
  if (who && request.headers.has('authorization'))
    throw new PilotError('UNAUTHENTICATED', 'Send the session cookie or a token, not both.')
  c.set('identity', who ?? undefined)
  if (policy.kind === 'session' || policy.kind === 'page') return who
  if (!who) throw new PilotError('UNAUTHENTICATED')
  const actor: Actor = { ...who, request_id: c.get('request_id'), ip: c.env.ip }
  switch (policy.kind) {
    case 'user':
      return actor
    case 'organization': {
      const id = c.req.param('organizationId')
      if (!isId('organization', id)) throw new PilotError('ORGANIZATION_NOT_FOUND')
      return organizationById(app, actor, id, policy.min)
    }
    case 'machine': {
      const id = c.req.param('id')
      if (!isId('machine', id)) throw new PilotError('MACHINE_NOT_FOUND')
      return machineById(app, actor, id, policy.min)
    }
    case 'workspace':
      return workspaceBySlug(app, actor, c.req.param('slug') ?? '', policy.min)
  }
}

/**
 * A client cannot read why its upgrade failed. Where the reason is final it gets a socket that closes with it; anything
 * else, such as a foreign origin, is refused as usual.
 */
function refuseSocket(app: App, c: GatewayContext, route: RouteInfo, cause: PilotError): Promise<Response> {
  const socket = route.socket && c.req.header('upgrade')?.toLowerCase() === 'websocket'
  if (socket) {
    if (cause.code === 'UNAUTHENTICATED') return app.hub.refuse(c.env.original, CLOSE.revoked, cause.message)
    if (cause.status === 404) return app.hub.refuse(c.env.original, CLOSE.unknown_runtime, cause.message)
  }
  throw cause
}

async function runtimeIdentity(app: App, c: GatewayContext): Promise<RuntimeIdentity> {
  const headers = c.req.raw.headers
  if (headers.has('cookie')) throw new PilotError('UNAUTHENTICATED', 'Send the session cookie or a token, not both.')
  const origin = headers.get('origin')
  if (origin !== null && !app.config.origins.includes(origin)) throw new PilotError('ORIGIN_REFUSED')
  const token = /^Bearer (\S{20,200})$/.exec(headers.get('authorization') ?? '')?.[1]
  const id: unknown = c.req.param('runtimeId')
  if (token === undefined || !isId('runtime', id))
    throw new PilotError('UNAUTHENTICATED', 'Give the token of this runtime as a bearer token.')
  return authenticateRuntime(app, id satisfies Id<'runtime'>, token)
}
