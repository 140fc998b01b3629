import { newId } from '@pilot/domain/ids'
import { betterAuth } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { createAuthEndpoint } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import { admin, genericOAuth } from 'better-auth/plugins'
import { z } from 'zod'
import { schema } from '../database.ts'
import type { GatewayDeps, OAuthProvider } from '../deps.ts'

/** A session ends this long after it began, used or not. */
const SESSION_SECONDS = 30 * 24 * 3_600
const IMPERSONATION_SECONDS = 3_600

/** Name of the session cookie. `__Host-` binds it to this very host and needs https. */
export const sessionCookieName = (baseUrl: string): string =>
  baseUrl.startsWith('https://') ? '__Host-pilot' : 'pilot'

/** Columns of ours for the names that better-auth uses. */
const times = { createdAt: 'created_at', updatedAt: 'updated_at' }
const ID_KIND = { user: 'user', account: 'account', session: 'session', verification: 'verification' } as const
const isModel = (model: string): model is keyof typeof ID_KIND => model in ID_KIND

/**
 * An endpoint without a path, so that no request can reach it: signs a user in whom one of our own routes has
 * established, and sets the cookie.
 */
const signInAs = {
  id: 'pilot-sign-in',
  endpoints: {
    signInAs: createAuthEndpoint(
      { method: 'POST', body: z.object({ user_id: z.string(), ip: z.string() }) },
      async (ctx) => {
        const { internalAdapter } = ctx.context
        const user = await internalAdapter.findUserById(ctx.body.user_id)
        if (!user) throw ctx.error('NOT_FOUND')
        const session = await internalAdapter.createSession(user.id, false, { ipAddress: ctx.body.ip })
        await setSessionCookie(ctx, { session, user }, false)
        return ctx.json({ session_id: session.id })
      },
    ),
  },
}

const oauthConfig = (provider: OAuthProvider) => ({
  providerId: provider.id,
  clientId: provider.client_id,
  clientSecret: provider.client_secret,
  authorizationUrl: provider.authorization_url,
  tokenUrl: provider.token_url,
  userInfoUrl: provider.user_info_url,
  scopes: provider.scopes,
  pkce: true,
})

/**
 * better-auth over our own tables. It makes sessions, signs cookies, speaks OAuth and impersonates; organizations,
 * memberships and invitations are services of ours. There is no cookie cache, and no address is read from a header.
 */
export function makeAuth({ db, config, keys, logger }: Pick<GatewayDeps, 'db' | 'config' | 'keys' | 'logger'>) {
  const https = config.base_url.startsWith('https://')
  const name = sessionCookieName(config.base_url)
  return betterAuth({
    baseURL: `${config.base_url}api/auth`,
    secret: keys.auth_secret,
    trustedOrigins: config.origins,
    telemetry: { enabled: false },
    logger: { level: 'error', log: (_level, message) => logger.error({ part: 'better-auth' }, message) },
    database: drizzleAdapter(db, { provider: 'sqlite', schema, transaction: false }),
    rateLimit: { enabled: false },
    // A provider's failure ends where the person began.
    onAPIError: { errorURL: `${config.base_url}login` },
    user: { modelName: 'user', fields: { emailVerified: 'email_verified', ...times } },
    account: {
      modelName: 'account',
      encryptOAuthTokens: true,
      accountLinking: { enabled: true, requireLocalEmailVerified: true },
      fields: {
        userId: 'user_id',
        accountId: 'account_id',
        providerId: 'provider_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        ...times,
      },
    },
    session: {
      modelName: 'session',
      expiresIn: SESSION_SECONDS,
      disableSessionRefresh: true,
      cookieCache: { enabled: false },
      fields: { userId: 'user_id', expiresAt: 'expires_at', ipAddress: 'ip', userAgent: 'user_agent', ...times },
    },
    verification: { modelName: 'verification', fields: { expiresAt: 'expires_at', ...times } },
    advanced: {
      database: { generateId: ({ model }) => newId(isModel(model) ? ID_KIND[model] : 'verification') },
      ipAddress: { disableIpTracking: true },
      trustedProxyHeaders: false,
      useSecureCookies: false,
      cookiePrefix: name,
      defaultCookieAttributes: { httpOnly: true, secure: https, sameSite: 'strict', path: '/' },
      cookies: {
        session_token: { name },
        // These come back on a redirect from the provider's site.
        state: { attributes: { sameSite: 'lax' } },
        oauth_state: { attributes: { sameSite: 'lax' } },
      },
    },
    plugins: [
      admin({
        impersonationSessionDuration: IMPERSONATION_SECONDS,
        schema: {
          user: { fields: { banReason: 'ban_reason', banExpires: 'ban_expires' } },
          session: { fields: { impersonatedBy: 'impersonated_by' } },
        },
      }),
      signInAs,
      ...(config.providers.length > 0 ? [genericOAuth({ config: config.providers.map(oauthConfig) })] : []),
    ],
  })
}
export type Auth = ReturnType<typeof makeAuth>
