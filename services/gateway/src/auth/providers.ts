import type { OAuthProvider } from '../deps.ts'

const KNOWN = [
  {
    id: 'google',
    label: 'Google',
    authorization: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    user: 'https://openidconnect.googleapis.com/v1/userinfo',
    scopes: ['openid', 'email', 'profile'],
  },
  {
    id: 'github',
    label: 'GitHub',
    authorization: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
    user: 'https://api.github.com/user',
    scopes: ['read:user', 'user:email'],
  },
] as const

/**
 * The sign-in providers that are configured: those whose PILOT_<NAME>_CLIENT_ID and PILOT_<NAME>_CLIENT_SECRET are set.
 * Their addresses can be replaced (…_AUTHORIZATION_URL, …_TOKEN_URL, …_USER_INFO_URL), so that a test runs the real flow.
 */
export function providersFromEnv(env: Record<string, string | undefined>): OAuthProvider[] {
  return KNOWN.flatMap((known) => {
    const name = `PILOT_${known.id.toUpperCase()}`
    const client_id = env[`${name}_CLIENT_ID`]
    const client_secret = env[`${name}_CLIENT_SECRET`]
    if (!client_id || !client_secret) return []
    return [
      {
        id: known.id,
        label: known.label,
        client_id,
        client_secret,
        authorization_url: env[`${name}_AUTHORIZATION_URL`] ?? known.authorization,
        token_url: env[`${name}_TOKEN_URL`] ?? known.token,
        user_info_url: env[`${name}_USER_INFO_URL`] ?? known.user,
        scopes: [...known.scopes],
      },
    ]
  })
}
