import { PilotError } from '@pilot/domain/errors'
import { z } from 'zod'
import type { App } from '../app-context.ts'
import { readJson } from '../http/body.ts'
import type { GatewayContext } from '../http/context.ts'
import { addressKey, type BucketRule, type RateLimiter } from '../http/rate-limit.ts'
import type { routeTable } from '../policy/routes.ts'
import { audit } from '../services/audit.ts'
import type { Auth } from './better-auth.ts'
import { redeemOwnerLink } from './owner-link.ts'
import { beginSession, endSession } from './sign-in.ts'
import { findOrCreateUser, userView } from './users.ts'

/** See `compiled-in.ts`. */
declare const PILOT_DEV_LOGIN: boolean

const OWNER_LINK: BucketRule = { burst: 10, refill_seconds: 30 }
const OAUTH: BucketRule = { burst: 20, refill_seconds: 10 }
const DEV_ADDRESS: BucketRule = { burst: 100, refill_seconds: 1 }
const DEV_EMAIL: BucketRule = { burst: 20, refill_seconds: 5 }

const RedeemSchema = z.strictObject({ token: z.string().min(20).max(200) })
const DevLoginSchema = z.strictObject({ email: z.email().max(200), name: z.string().trim().max(80).optional() })

/** An answer that begins or ends a session. */
function answer(body: object, cookies: string[]): Response {
  const response = Response.json(body, { headers: { 'cache-control': 'no-store' } })
  for (const cookie of cookies) response.headers.append('set-cookie', cookie)
  return response
}

/** Sign-in and sign-out. Of better-auth's own routes only the two of the OAuth flow can be reached. */
export function addAuthRoutes(
  app: App,
  auth: Auth,
  { add }: ReturnType<typeof routeTable>,
  limiter: RateLimiter,
): void {
  const who = (c: GatewayContext) => ({ request_id: c.get('request_id'), ip: c.env.ip })

  add('POST', '/api/auth/owner-link/redeem', { kind: 'session' }, async (c, identity) => {
    limiter.take(`owner-link:${addressKey(c.env.ip)}`, OWNER_LINK)
    const { token } = await readJson(c.req.raw, RedeemSchema)
    const user_id = await redeemOwnerLink(app, token)
    const cookies = await beginSession(app, auth, c.req.raw, { user_id, ip: c.env.ip, former: identity })
    await audit(app, { ...who(c), user: { id: user_id } }, { action: 'sign_in.owner_link', target: user_id })
    return answer({ ok: true }, cookies)
  })

  // Written out here, because a bundler drops a branch only where it sees the constant itself.
  if (typeof PILOT_DEV_LOGIN === 'undefined' || PILOT_DEV_LOGIN) {
    add('POST', '/api/auth/dev/login', { kind: 'session' }, async (c, identity) => {
      if (app.config.stage === 'production' || !app.config.loopback) throw new PilotError('NOT_FOUND')
      limiter.take(`dev-login:${addressKey(c.env.ip)}`, DEV_ADDRESS)
      const { email, name } = await readJson(c.req.raw, DevLoginSchema)
      limiter.take(`dev-login:${email.toLowerCase()}`, DEV_EMAIL)
      const user = await findOrCreateUser(app, { email, name })
      const cookies = await beginSession(app, auth, c.req.raw, { user_id: user.id, ip: c.env.ip, former: identity })
      await audit(app, { ...who(c), user }, { action: 'sign_in.dev', target: user.id })
      return answer({ user: userView(user) }, cookies)
    })
  }

  add('POST', '/api/auth/sign-out', { kind: 'session' }, async (c, identity) => {
    if (identity) {
      await audit(app, { ...who(c), ...identity }, { action: 'sign_out', target: identity.user.id })
      await endSession(app, identity)
    }
    const { headers } = await auth.api.signOut({ headers: c.req.raw.headers, returnHeaders: true })
    return answer({ ok: true }, headers.getSetCookie())
  })

  if (app.config.providers.length > 0) {
    const forward = async (c: GatewayContext, path: string, body?: string) => {
      limiter.take(`oauth:${addressKey(c.env.ip)}`, OAUTH)
      const url = new URL(`api/auth/${path}`, app.config.base_url)
      url.search = new URL(c.req.url).search
      const init = { method: c.req.method, headers: c.req.raw.headers, ...(body === undefined ? {} : { body }) }
      const response = await auth.handler(new Request(url.href, init))
      if (response.status >= 400) throw new PilotError('UNAUTHENTICATED', 'The sign-in did not succeed. Try again.')
      return response
    }
    const SocialSchema = z.strictObject({
      provider: z.string().max(40),
      callbackURL: z
        .string()
        .max(500)
        .regex(/^\/(?![/\\])/)
        .optional(),
    })
    add('POST', '/api/auth/sign-in/social', { kind: 'public' }, async (c) =>
      forward(c, 'sign-in/social', JSON.stringify(await readJson(c.req.raw, SocialSchema))),
    )
    add('GET', '/api/auth/callback/:provider', { kind: 'public' }, (c) => {
      const provider = c.req.param('provider')
      if (!app.config.providers.some(({ id }) => id === provider)) throw new PilotError('NOT_FOUND')
      return forward(c, `callback/${provider}`)
    })
  }
}
