import { storageError } from '@pilot/domain/d1/errors'
import { errorBody, PilotError } from '@pilot/domain/errors'
import { RESERVED_INSTANCE_SLUGS } from '@pilot/domain/slugs'
import { and, eq } from 'drizzle-orm'
import { Hono } from 'hono'
import { type App, makeAppContext } from './app-context.ts'
import { makeAuth, sessionCookieName } from './auth/better-auth.ts'
import { type Identity, type IdentityPort, sessionIdentity } from './auth/identity.ts'
import { addAuthRoutes } from './auth/routes.ts'
import { schema } from './database.ts'
import type { GatewayDeps, RequestInfo } from './deps.ts'
import { documentSlug } from './document/slug.ts'
import { stripBasePath } from './http/base-path.ts'
import type { GatewayContext, GatewayEnv } from './http/context.ts'
import { checkHost } from './http/origin.ts'
import { RateLimiter } from './http/rate-limit.ts'
import { requestIdOf } from './http/request-id.ts'
import { setSecurityHeaders } from './http/security-headers.ts'
import { type RouteInfo, routeTable } from './policy/routes.ts'
import { addRestRoutes } from './rest/routes.ts'
import { resolveSlug } from './services/slug.ts'
import { serveTrpc, TRPC_PATH } from './trpc/router.ts'

export interface Gateway {
  /** Answers one request. Never rejects. */
  fetch(request: Request, info: RequestInfo): Promise<Response>
  /** Every HTTP route with the policy that it declares. */
  routes: readonly RouteInfo[]
  hono: Hono<GatewayEnv>
  app: App
}

/** First path segments whose unknown paths are answered as data, never with the application's document. */
const API_PATH = /^\/(?:api|rt|gw|mgmt)(?:\/|$)/

/**
 * The control plane: pure of any platform, the same under Bun and in a Worker. `identity` replaces the cookie sessions
 * in tests that are about something else.
 */
export function makeApp(deps: GatewayDeps, options: { identity?: IdentityPort } = {}): Gateway {
  const app = makeAppContext(deps)
  const { config } = app
  const auth = makeAuth(app)
  const identity =
    options.identity ??
    sessionIdentity({
      db: app.db,
      secret: app.keys.auth_secret,
      cookie_name: sessionCookieName(config.base_url),
      clock: app.clock,
    })
  const https = config.base_url.startsWith('https://')
  const base = new URL(config.base_url).pathname
  const limiter = new RateLimiter(app.clock)
  const hono = new Hono<GatewayEnv>()

  hono.use('*', async (c, next) => {
    c.set('request_id', requestIdOf(c.req.raw.headers))
    const started = performance.now()
    await next()
    finish(c, https)
    logRequest(app, c, performance.now() - started)
  })
  hono.use('*', async (c, next) => {
    checkHost(c.req.raw, config)
    await next()
  })
  hono.onError((cause, c) => refusal(app, c, cause))
  hono.notFound((c) => refusal(app, c, new PilotError('NOT_FOUND', 'There is no such address.')))

  const table = routeTable(app, hono, identity)
  addAuthRoutes(app, auth, table, limiter)
  addRestRoutes(app, table, limiter)
  table.add('ALL', `${TRPC_PATH}/*`, { kind: 'session' }, (c, who) =>
    serveTrpc(c.req.raw, {
      app,
      auth,
      request: c.req.raw,
      request_id: c.get('request_id'),
      ip: c.env.ip,
      identity: who,
      set_cookies: [],
    }),
  )
  table.add('GET', '/assets/*', { kind: 'public' }, (c) => app.pages.fetch(c.req.raw, true))
  table.add('GET', '/*', { kind: 'page' }, async (c, who) => {
    const { pathname } = new URL(c.req.url)
    if (API_PATH.test(pathname)) throw new PilotError('NOT_FOUND', 'There is no such address.')
    return app.pages.fetch(c.req.raw, await isKnownPage(app, who, pathname, c))
  })

  return {
    app,
    hono,
    routes: table.routes,
    async fetch(request, info) {
      const url = new URL(request.url)
      const pathname = stripBasePath(url.pathname, base)
      let inner = request
      if (pathname !== url.pathname) {
        url.pathname = pathname
        inner = new Request(url.href, request)
      }
      return hono.fetch(inner, { original: request, ip: info.ip })
    },
  }
}

/**
 * Whether a page's path names something that this person may see. Without a session every path is known: the page asks
 * who it is and shows the sign-in or goes on.
 */
async function isKnownPage(app: App, who: Identity | null, pathname: string, c: GatewayContext): Promise<boolean> {
  const slug = documentSlug(pathname)
  if (!who || slug === null) return true
  const actor = { ...who, request_id: c.get('request_id'), ip: c.env.ip }
  let found: Awaited<ReturnType<typeof resolveSlug>>
  try {
    found = await resolveSlug(app, actor, decodeURIComponent(slug))
  } catch (cause) {
    if (cause instanceof URIError || (cause instanceof PilotError && cause.code === 'NOT_FOUND')) return false
    throw cause
  }
  const second = pathname.split('/')[2] ?? ''
  if (found.kind === 'workspace' || second === '' || RESERVED_INSTANCE_SLUGS.has(second)) return true
  const [instance] = await app.db
    .select({ id: schema.instance.id })
    .from(schema.instance)
    .innerJoin(schema.organization, eq(schema.organization.id, schema.instance.organization_id))
    .where(and(eq(schema.organization.slug, found.slug), eq(schema.instance.slug, second)))
    .limit(1)
  return instance !== undefined
}

/** The one error answer. What is not ours becomes INTERNAL, and its text goes to the log alone. */
function refusal(app: App, c: GatewayContext, cause: unknown): Response {
  const request_id = c.get('request_id')
  const { status, body } = errorBody(storageError(cause), request_id)
  if (body.error.code === 'INTERNAL') app.logger.error({ request_id, err: cause }, 'request failed')
  const headers = new Headers({ 'content-type': 'application/json', 'cache-control': 'no-store' })
  const wait = body.error.details?.retry_after_seconds
  if (typeof wait === 'number') headers.set('retry-after', String(wait))
  return new Response(JSON.stringify(body), { status, headers })
}

/** Headers of every answer. The answer to an upgrade belongs to the shell and is passed on untouched. */
function finish(c: GatewayContext, https: boolean): void {
  const upgraded = c.req.header('upgrade') !== undefined && c.res.status < 400
  if (upgraded) return
  setSecurityHeaders(c.res.headers, https)
  c.res.headers.set('x-pilot-request-id', c.get('request_id'))
}

function logRequest(app: App, c: GatewayContext, ms: number): void {
  const who = c.get('identity')
  const fields = {
    request_id: c.get('request_id'),
    method: c.req.method,
    route: c.get('route') ?? null,
    status: c.res.status,
    ms: Math.round(ms * 10) / 10,
    user_id: who?.user.id ?? null,
  }
  if (c.res.status >= 500) app.logger.warn(fields, 'request')
  else app.logger.debug(fields, 'request')
}
