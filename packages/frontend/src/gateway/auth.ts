import { badAnswer, errorFromAnswer, networkError } from '../errors.ts'
import type { GatewayClientOptions } from './client.ts'
import { newRequestId } from './request-id.ts'

/** Sign-in and sign-out. Each resolves when the session cookie is set or gone, and rejects with a PilotClientError. */
export interface AuthApi {
  /** Exchanges the secret of an owner link; LINK_EXPIRED when it was used before or is too old. */
  redeemOwnerLink(token: string): Promise<void>
  /** Signs in as any address. Exists in dev and test stages only. */
  devLogin(email: string): Promise<void>
  signOut(): Promise<void>
  /** Where the browser goes to sign in with a provider; `next` is a path of this app. */
  providerUrl(provider: string, next: string): Promise<string>
}

export function createAuthApi(options: GatewayClientOptions): AuthApi {
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const requestId = newRequestId()
    let response: Response
    try {
      response = await options.fetch(`${options.baseUrl}/api/auth${path}`, {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'content-type': 'application/json', 'x-pilot-csrf': '1', 'x-pilot-request-id': requestId },
        body: JSON.stringify(body),
      })
    } catch (cause) {
      throw networkError(cause)
    }
    const answer: unknown = await response.json().catch(() => null)
    if (!response.ok) {
      throw errorFromAnswer(response.status, answer, response.headers.get('x-pilot-request-id') ?? requestId)
    }
    return answer
  }
  return {
    redeemOwnerLink: async (token) => void (await post('/owner-link/redeem', { token })),
    devLogin: async (email) => void (await post('/dev/login', { email })),
    signOut: async () => void (await post('/sign-out', {})),
    providerUrl: async (provider, next) => {
      const answer = await post('/sign-in/social', { provider, callbackURL: next })
      if (typeof answer === 'object' && answer !== null && 'url' in answer && typeof answer.url === 'string') {
        return answer.url
      }
      throw badAnswer(answer)
    },
  }
}

/** Name of the fragment parameter that carries an owner link's secret. */
const OWNER_PARAM = 'owner'

/**
 * Takes the secret out of the address bar at once, before anything is sent or drawn, so that it is in no history entry,
 * no copied address and no later referrer. Null when the address holds none.
 */
export function takeOwnerSecret(win: Pick<Window, 'location' | 'history'>): string | null {
  const secret = new URLSearchParams(win.location.hash.slice(1)).get(OWNER_PARAM)
  if (secret === null) return null
  win.history.replaceState(win.history.state, '', win.location.pathname + win.location.search)
  return secret
}

/** A path of this app to go to after sign-in; anything that could lead to another site becomes the start page. */
export function safeNext(value: string | undefined): string {
  if (!value?.startsWith('/') || value.startsWith('//') || value.includes('\\')) return '/'
  return URL.canParse(value, 'http://app.invalid') && new URL(value, 'http://app.invalid').host === 'app.invalid'
    ? value
    : '/'
}
