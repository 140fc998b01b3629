import { ERROR_CODES, ErrorBodySchema, type ErrorCode, PilotError } from '@pilot/domain/errors'

/** Codes that only a client can see: no answer at all, or an answer that does not follow the contract. */
export type ClientErrorCode = ErrorCode | 'NETWORK' | 'BAD_ANSWER'

const NETWORK_MESSAGE = 'The server cannot be reached. Check the connection; what you wrote is kept.'
const BAD_ANSWER_MESSAGE = 'The server answered with something this page does not understand. Reload the page.'

interface ClientErrorFields {
  request_id?: string | null
  retryable?: boolean
  details?: Record<string, unknown> | undefined
  cause?: unknown
}

/**
 * The one error that the browser's data layer throws: a stable code to branch on, a sentence that may be shown as it
 * is, the request id to look for in the log (null when no answer came), and whether the same request can help later.
 */
export class PilotClientError extends Error {
  readonly code: ClientErrorCode
  readonly request_id: string | null
  readonly retryable: boolean
  readonly details: Record<string, unknown> | undefined
  constructor(code: ClientErrorCode, message: string, fields: ClientErrorFields = {}) {
    super(message, { cause: fields.cause })
    this.name = 'PilotClientError'
    this.code = code
    this.request_id = fields.request_id ?? null
    this.retryable = fields.retryable ?? (code === 'NETWORK' || (code !== 'BAD_ANSWER' && ERROR_CODES[code].retryable))
    this.details = fields.details
  }
}

/** No answer came: the network, the server or the proxy in between is down. */
export function networkError(cause: unknown): PilotClientError {
  return new PilotClientError('NETWORK', NETWORK_MESSAGE, { cause })
}

/** An answer came that does not follow the contract, such as a proxy's HTML page. */
export function badAnswer(cause: unknown, requestId: string | null = null): PilotClientError {
  return new PilotClientError('BAD_ANSWER', BAD_ANSWER_MESSAGE, { cause, request_id: requestId })
}

/** Reads the error body of an answer; a body of another shape keeps the meaning of the status as well as it can. */
export function errorFromAnswer(status: number, body: unknown, requestId: string | null): PilotClientError {
  const parsed = ErrorBodySchema.safeParse(body)
  if (parsed.success) {
    const { code, message, request_id, retryable, details } = parsed.data.error
    return new PilotClientError(code, message, { request_id, retryable, details })
  }
  if (status === 401) return codeError('UNAUTHENTICATED', requestId)
  if (status === 404) return codeError('NOT_FOUND', requestId)
  if (status === 429) return codeError('RATE_LIMITED', requestId)
  if (status >= 502 && status <= 504) return networkError(new Error(`HTTP ${status}`))
  return badAnswer(new Error(`HTTP ${status}`), requestId)
}

function codeError(code: ErrorCode, requestId: string | null): PilotClientError {
  return new PilotClientError(code, ERROR_CODES[code].message, { request_id: requestId })
}

/** Turns anything thrown into the one error class. */
export function toClientError(cause: unknown): PilotClientError {
  if (cause instanceof PilotClientError) return cause
  if (cause instanceof PilotError) {
    return new PilotClientError(cause.code, cause.message, { details: cause.details, cause })
  }
  return new PilotClientError('INTERNAL', ERROR_CODES.INTERNAL.message, { cause })
}
