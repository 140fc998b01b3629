import { ErrorCodeSchema, PilotError, toPilotError } from '@pilot/domain/errors'
import { z } from 'zod'

/**
 * Calls from a Worker to its hubs. Arguments and results are JSON texts, so that one call looks the same whichever
 * isolate it ends in; errors travel as codes, because an exception loses its class on the way.
 */
export interface RuntimeHubRpc extends Rpc.DurableObjectBranded {
  command(runtimeId: string, message: string, timeoutMs: number | null): Promise<string>
  presence(runtimeId: string): Promise<string>
  disconnectRuntime(runtimeId: string, code: number, reason: string): Promise<string>
  disconnectSession(runtimeId: string, sessionId: string, why: string): Promise<string>
  refreshWelcome(runtimeId: string): Promise<string>
}

export interface OrganizationHubRpc extends Rpc.DurableObjectBranded {
  invalidate(organizationId: string, keys: string, requestId: string | null): Promise<string>
  summary(organizationId: string, summary: string): Promise<string>
  disconnectSession(organizationId: string, sessionId: string, why: string): Promise<string>
}

/** Says what a request to a hub is for: JSON. Set by the Worker alone; what a client sent under this name is lost. */
export const CALL_HEADER = 'x-pilot-hub-call'
/** On the answer of a hub: JSON of the error that it stands for. Never set by a machine. */
export const ERROR_HEADER = 'x-pilot-hub-error'

const ErrorSchema = z.object({ code: ErrorCodeSchema, message: z.string() })
const OutcomeSchema = z.union([z.object({ data: z.unknown() }), z.object({ error: ErrorSchema })])

/** The text of an error. */
export function errorText(cause: unknown): string {
  const { code, message } = toPilotError(cause)
  // A header takes no other characters; the sentence is for people, so an exact copy is not needed.
  return JSON.stringify({ code, message }).replaceAll(/[^ -~]/g, ' ')
}

export function parseError(text: string): PilotError {
  const { code, message } = ErrorSchema.parse(JSON.parse(text))
  return new PilotError(code, message)
}

/** Runs a call inside of a hub and gives its outcome as text. Never rejects. */
export async function outcome(work: () => unknown): Promise<string> {
  try {
    return JSON.stringify({ data: (await work()) ?? null })
  } catch (cause) {
    return `{"error":${errorText(cause)}}`
  }
}

/** The result of a call out of its outcome; throws the PilotError that it ended with. */
export function resultOf(text: string): unknown {
  const parsed = OutcomeSchema.parse(JSON.parse(text))
  if ('error' in parsed) throw new PilotError(parsed.error.code, parsed.error.message)
  return parsed.data
}
