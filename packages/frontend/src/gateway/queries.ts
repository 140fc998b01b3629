import { type QueryClient, type QueryKey, queryOptions } from '@tanstack/react-query'
import type { PilotClientError } from '../errors.ts'
import type { GatewayClient } from './client.ts'
import type { InputArgs, InputOf, MutationPath, OutputOf, ProcedurePath, QueryPath } from './procedures.ts'

/** First element of every key of the control plane's data. */
const ROOT = 'gateway'
/** What was read this recently is not read again without a reason, in ms; invalidation over the link is a reason. */
const STALE_MS = 30_000

/** Key of one procedure's cached answer: `['gateway', router, procedure, input]`. */
export function procedureKey(path: ProcedurePath, input?: unknown): QueryKey {
  const [router, name] = path.split('.')
  return input === undefined ? [ROOT, router, name] : [ROOT, router, name, input]
}

/** Query options and mutations of the contract, bound to one client and one cache. */
export interface GatewayQueries {
  client: GatewayClient
  /** Options for `useQuery`, with the key that invalidation uses. */
  query<P extends QueryPath>(path: P, ...args: InputArgs<P>): ReturnType<typeof optionsFor<P>>
  /** Options for `useMutation`. */
  mutation<P extends MutationPath>(path: P): { mutationFn: (input: InputOf<P>) => Promise<OutputOf<P>> }
  /** Marks answers as old, whatever their input, so that what is on screen is read again. */
  invalidate(...paths: QueryPath[]): Promise<void>
}

function optionsFor<P extends QueryPath>(client: GatewayClient, path: P, input: InputOf<P>) {
  return queryOptions<OutputOf<P>, PilotClientError>({
    queryKey: procedureKey(path, input),
    queryFn: ({ signal }) => client.query(path, input, { signal }),
    staleTime: STALE_MS,
  })
}

export function createGatewayQueries(client: GatewayClient, cache: QueryClient): GatewayQueries {
  return {
    client,
    query: (path, ...args) => optionsFor(client, path, args[0] as InputOf<typeof path>),
    mutation: (path) => ({ mutationFn: (input) => client.mutate(path, input) }),
    invalidate: async (...paths) => {
      await Promise.all(paths.map((path) => cache.invalidateQueries({ queryKey: procedureKey(path) })))
    },
  }
}

/**
 * What an `invalidate` message of the organization's link makes old. A key is `[router, procedure, ...ids]`; only its
 * first two parts are compared, because an answer may be cached under a slug where the message names an id.
 */
export async function applyInvalidation(
  cache: QueryClient,
  message: { all?: boolean | undefined; keys?: readonly (readonly string[])[] | undefined },
): Promise<void> {
  if (message.all) {
    await cache.invalidateQueries({ queryKey: [ROOT] })
    return
  }
  const prefixes = new Map((message.keys ?? []).map((key) => [key.slice(0, 2).join('.'), key.slice(0, 2)]))
  await Promise.all([...prefixes.values()].map((prefix) => cache.invalidateQueries({ queryKey: [ROOT, ...prefix] })))
}
