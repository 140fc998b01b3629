import { type ErrorCode, PilotError, toPilotError } from '@pilot/domain/errors'
import type { MemberIdentity, RuntimeIdentity, TunnelTarget, ViewerIdentity } from '../hub/port.ts'

/** Only the Worker can reach an object's `fetch`; these two headers are always written by it, never passed on. */
const CALL_HEADER = 'x-pilot-hub-call'
const ERROR_HEADER = 'x-pilot-hub-error'

/** What a request to a hub is for. */
export type HubCall =
  | { kind: 'runtime'; identity: RuntimeIdentity }
  | { kind: 'viewer'; identity: ViewerIdentity }
  | { kind: 'tunnel'; target: TunnelTarget }
  | { kind: 'organization'; identity: MemberIdentity }

/** The request as it goes to the object. */
export function withCall(request: Request, call: HubCall): Request {
  const headers = new Headers(request.headers)
  headers.set(CALL_HEADER, JSON.stringify(call))
  return new Request(request, { headers })
}

/** What the Worker wrote; null when somebody else called. */
export function readCall(request: Request): HubCall | null {
  const text = request.headers.get(CALL_HEADER)
  return text === null ? null : (JSON.parse(text) as HubCall)
}

/** Errors lose their class between object and Worker; a failed call is an answer that says so. */
export function failure(cause: unknown): Response {
  const { code, message } = toPilotError(cause)
  const headers = { [ERROR_HEADER]: encodeURIComponent(JSON.stringify({ code, message })) }
  return new Response(null, { status: 500, headers })
}

/** The answer of a runtime, without anything that looks like ours. */
export function cleaned(response: Response): Response {
  if (!response.headers.has(ERROR_HEADER)) return response
  const copy = new Response(response.body, response)
  copy.headers.delete(ERROR_HEADER)
  return copy
}

/** The other end of `failure`: throws what the object threw. */
export function unwrap(response: Response): Response {
  const text = response.headers.get(ERROR_HEADER)
  if (text === null) return response
  throw fromWire(JSON.parse(decodeURIComponent(text)) as WireError)
}

export interface WireError {
  code: ErrorCode
  message: string
}

export function fromWire({ code, message }: WireError): PilotError {
  return new PilotError(code, message)
}
