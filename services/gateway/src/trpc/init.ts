import { errorBody, PilotError, toPilotError } from '@pilot/domain/errors'
import { initTRPC, TRPCError } from '@trpc/server'
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server/rpc'
import type { App } from '../app-context.ts'
import type { Auth } from '../auth/better-auth.ts'
import type { Identity } from '../auth/identity.ts'
import { validationError } from '../http/body.ts'
import type { Actor } from '../policy/scope.ts'

/** What every call of one HTTP request shares. */
export interface CallContext {
  app: App
  auth: Auth
  request: Request
  request_id: string
  ip: string
  identity: Identity | null
  /** Set by calls that change the session; sent as Set-Cookie. */
  set_cookies: string[]
  /** Calls another procedure (`router.procedure`) as the same caller, under its own policy. Throws PilotError. */
  call: (path: string, input: unknown) => Promise<unknown>
}

const BY_STATUS: Record<number, TRPC_ERROR_CODE_KEY> = {
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_SERVER_ERROR',
  501: 'NOT_IMPLEMENTED',
  502: 'BAD_GATEWAY',
  503: 'SERVICE_UNAVAILABLE',
  504: 'GATEWAY_TIMEOUT',
}

/** Our error as tRPC carries it. */
export function asTrpcError(cause: unknown): TRPCError {
  const error = toPilotError(cause)
  return new TRPCError({ code: BY_STATUS[error.status] ?? 'BAD_REQUEST', message: error.message, cause: error })
}

/** Our error out of what tRPC caught: our own, a failed parse, or one of tRPC's about the call itself. */
export function fromTrpcError(error: TRPCError): PilotError {
  const { cause } = error
  if (cause instanceof PilotError) return cause
  if (error.code === 'BAD_REQUEST') {
    if (cause && 'issues' in cause && Array.isArray(cause.issues)) return validationError(cause.issues)
    return new PilotError('VALIDATION_FAILED')
  }
  if (error.code === 'NOT_FOUND') return new PilotError('NOT_FOUND', 'There is no such procedure.')
  if (error.code === 'METHOD_NOT_SUPPORTED' || error.code === 'UNSUPPORTED_MEDIA_TYPE')
    return new PilotError('VALIDATION_FAILED', 'Queries are sent with GET, mutations with POST and a JSON body.')
  if (error.code === 'PAYLOAD_TOO_LARGE') return new PilotError('PAYLOAD_TOO_LARGE')
  return toPilotError(cause)
}

export const t = initTRPC.context<CallContext>().create({
  errorFormatter({ shape, error, ctx }) {
    const { status, body } = errorBody(fromTrpcError(error), ctx?.request_id ?? '')
    return { ...shape, message: body.error.message, data: { ...body.error, httpStatus: status } }
  },
})

/** Who acts in this call. Throws UNAUTHENTICATED. */
export function actorOf(ctx: CallContext): Actor {
  if (!ctx.identity) throw new PilotError('UNAUTHENTICATED')
  return { ...ctx.identity, request_id: ctx.request_id, ip: ctx.ip }
}
