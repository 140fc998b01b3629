import { contract, type Procedure } from '@pilot/protocol/api/contract'
import { createTRPCUntypedClient, httpBatchLink, TRPCClientError } from '@trpc/client'
import type { AnyTRPCRouter } from '@trpc/server'
import { badAnswer, errorFromAnswer, networkError, PilotClientError, toClientError } from '../errors.ts'
import type { InputOf, MutationPath, OutputOf, ProcedurePath, QueryPath } from './procedures.ts'
import { newRequestId } from './request-id.ts'

const REQUEST_ID_HEADER = 'x-pilot-request-id'
/** Longest URL of a batch of queries; a longer batch is cut in two. Proxies refuse URLs above 8 kB. */
const MAX_URL_LENGTH = 4_000
/** A request without an answer in this time has failed, in ms. */
const TIMEOUT_MS = 30_000

export interface GatewayClientOptions {
  /** Prefix of every path: empty, or the base path without a slash at its end, such as `/pilot`. */
  baseUrl: string
  fetch: (input: string, init: RequestInit) => Promise<Response>
}

/** The control plane's API. Every failure is a PilotClientError; an aborted call rejects with the signal's reason. */
export interface GatewayClient {
  query<P extends QueryPath>(path: P, input: InputOf<P>, options?: { signal?: AbortSignal }): Promise<OutputOf<P>>
  mutate<P extends MutationPath>(path: P, input: InputOf<P>): Promise<OutputOf<P>>
}

/** Makes the typed client of the contract. Queries of one tick share a request. */
export function createGatewayClient(options: GatewayClientOptions): GatewayClient {
  const trpc = createTRPCUntypedClient<AnyTRPCRouter>({
    links: [
      httpBatchLink({
        url: `${options.baseUrl}/api/trpc`,
        maxURLLength: MAX_URL_LENGTH,
        headers: () => ({ 'x-pilot-csrf': '1', [REQUEST_ID_HEADER]: newRequestId() }),
        fetch: (input, init) => guardedFetch(options.fetch, String(input), init as RequestInit),
      }),
    ],
  })
  return {
    query: (path, input, call) => answer(path, trpc.query(path, input, call ?? {}), call?.signal),
    mutate: (path, input) => answer(path, trpc.mutation(path, input)),
  }
}

async function answer<P extends ProcedurePath>(
  path: P,
  pending: Promise<unknown>,
  signal?: AbortSignal,
): Promise<OutputOf<P>> {
  let output: unknown
  try {
    output = await pending
  } catch (cause) {
    signal?.throwIfAborted()
    throw fromTrpc(cause)
  }
  const parsed = procedureAt(path).output.safeParse(output)
  if (!parsed.success) throw badAnswer(parsed.error)
  return parsed.data as OutputOf<P>
}

function procedureAt(path: ProcedurePath): Procedure {
  const [router, name] = path.split('.') as [keyof typeof contract, string]
  const procedures: Record<string, Procedure> = contract[router]
  const procedure = procedures[name]
  if (!procedure) throw new PilotClientError('NOT_FOUND', `There is no procedure ${path}.`)
  return procedure
}

/** Finds our error body in what tRPC throws: raised by our fetch, or in the error shape that the server sent. */
function fromTrpc(cause: unknown): PilotClientError {
  if (!(cause instanceof TRPCClientError)) return toClientError(cause)
  for (let inner: unknown = cause; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof PilotClientError) return inner
  }
  const response = cause.meta?.response
  const status = response instanceof Response ? response.status : 0
  const requestId = response instanceof Response ? response.headers.get(REQUEST_ID_HEADER) : null
  return errorFromAnswer(status, { error: cause.data }, requestId)
}

/** Refusals from before the procedures (origin, rate, body size, a proxy's page) have no tRPC shape: read them here. */
async function guardedFetch(fetch: GatewayClientOptions['fetch'], input: string, init: RequestInit): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  let response: Response
  let text: string
  try {
    response = await fetch(input, {
      ...init,
      credentials: 'same-origin',
      signal: init.signal ? AbortSignal.any([init.signal, timeout]) : timeout,
    })
    text = await response.text()
  } catch (cause) {
    init.signal?.throwIfAborted()
    throw networkError(cause)
  }
  const body = parseJson(text)
  if (!isTrpcAnswer(body)) throw errorFromAnswer(response.status, body, response.headers.get(REQUEST_ID_HEADER))
  return new Response(text, { status: response.status, headers: response.headers })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** One answer per call of the batch, each a result or an error with tRPC's numeric code. */
function isTrpcAnswer(body: unknown): boolean {
  const answers = Array.isArray(body) ? body : [body]
  return answers.length > 0 && answers.every(isTrpcItem)
}

function isTrpcItem(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false
  if ('result' in item) return true
  if (!('error' in item) || typeof item.error !== 'object' || item.error === null) return false
  return 'code' in item.error && typeof item.error.code === 'number'
}
