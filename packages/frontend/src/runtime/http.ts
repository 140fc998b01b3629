import { newId } from '@pilot/domain/ids'
import type { z } from 'zod'
import { badAnswer, errorFromAnswer, networkError } from '../errors.ts'

/** Header names of the HTTP contract: proof that a script of ours made the request, and the correlation id. */
const CSRF_HEADER = 'x-pilot-csrf'
const REQUEST_ID_HEADER = 'x-pilot-request-id'
/** A machine that has not answered a small request in this time is reported as unreachable, in ms. */
const TIMEOUT_MS = 30_000

export type FetchLike = (input: string, init: RequestInit) => Promise<Response>

export interface HttpOptions {
  /** Prefix of every path: empty, or the base path without a slash at its end, such as `/pilot`. */
  baseUrl: string
  fetch: FetchLike
}

export interface HttpCall {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  body?: unknown
  signal?: AbortSignal | undefined
}

/** Sends one request and gives the answer when its status is 2xx; anything else becomes a PilotClientError. */
export async function request(
  options: HttpOptions,
  call: HttpCall,
): Promise<{ response: Response; requestId: string }> {
  const requestId = newId('request')
  const headers: Record<string, string> = { accept: 'application/json', [REQUEST_ID_HEADER]: requestId }
  if (call.method !== 'GET') headers[CSRF_HEADER] = '1'
  if (call.body !== undefined) headers['content-type'] = 'application/json'
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  let response: Response
  try {
    response = await options.fetch(`${options.baseUrl}${call.path}`, {
      method: call.method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    })
  } catch (cause) {
    call.signal?.throwIfAborted()
    throw networkError(cause)
  }
  if (response.ok) return { response, requestId }
  const body: unknown = await response.json().catch(() => null)
  throw errorFromAnswer(response.status, body, response.headers.get(REQUEST_ID_HEADER) ?? requestId)
}

/** The same, with the answer parsed by its schema. */
export async function requestJson<S extends z.ZodType>(
  options: HttpOptions,
  call: HttpCall,
  schema: S,
): Promise<z.output<S>> {
  const { response, requestId } = await request(options, call)
  let body: unknown
  try {
    body = await response.json()
  } catch (cause) {
    call.signal?.throwIfAborted()
    throw cause instanceof SyntaxError ? badAnswer(cause, requestId) : networkError(cause)
  }
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw badAnswer(parsed.error, requestId)
  return parsed.data
}
