import { PilotClientError } from '@pilot/frontend/errors'
import { createAuthApi } from '@pilot/frontend/gateway/auth'
import { baseUrl, readBase } from '@pilot/frontend/gateway/base'
import { createGatewayClient } from '@pilot/frontend/gateway/client'
import { createGatewayQueries } from '@pilot/frontend/gateway/queries'
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'

/** Further tries of a read whose failure says that it may help. */
const MAX_RETRIES = 2

/** The path that the app is served below, such as `/` or `/pilot/`. */
export const base = readBase(typeof document === 'undefined' ? undefined : document)

/** How every part of the app reaches the server. */
export const http = { baseUrl: baseUrl(base), fetch: (input: string, init: RequestInit) => fetch(input, init) }

/** A session that ended elsewhere: asking who is signed in again leads to the sign-in page. */
const onError = (error: unknown) => {
  if (error instanceof PilotClientError && error.code === 'UNAUTHENTICATED') void gateway.invalidate('user.session')
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < MAX_RETRIES && error instanceof PilotClientError && error.retryable,
      // A request is made even when the browser believes to be offline: it is often wrong about this very computer.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

export const gateway = createGatewayQueries(createGatewayClient(http), queryClient)
export const auth = createAuthApi(http)
