import { z } from 'zod'

/**
 * Every error code that may reach a client: HTTP status, whether trying the same request again can help, and the
 * sentence shown when the thrower gives none. A code is stable: clients branch on it, never on the message.
 */
export const ERROR_CODES = {
  UNAUTHENTICATED: { status: 401, retryable: false, message: 'Sign in first.' },
  AUTH_UNAVAILABLE: {
    status: 503,
    retryable: true,
    message: 'Who you are cannot be checked right now, so nothing was done. Try again in a moment.',
  },
  FORBIDDEN: {
    status: 403,
    retryable: false,
    message: 'Your role does not allow this. Ask an admin of the organization.',
  },
  NOT_FOUND: { status: 404, retryable: false, message: 'There is nothing here, or you may not see it.' },
  ORGANIZATION_NOT_FOUND: {
    status: 404,
    retryable: false,
    message: 'There is no such organization, or you are not a member of it.',
  },
  INSTANCE_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such instance in this organization.' },
  MACHINE_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such machine in this instance.' },
  WORKSPACE_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such workspace, or you may not see it.' },
  SESSION_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such agent session in this workspace.' },
  COMMAND_NOT_FOUND: { status: 404, retryable: false, message: 'This session has no such command.' },
  VALIDATION_FAILED: { status: 400, retryable: false, message: 'The request is not valid.' },
  UNSUPPORTED_MESSAGE: { status: 400, retryable: false, message: 'This message type is not known here.' },
  SLUG_TAKEN: { status: 409, retryable: false, message: 'This address is already taken. Choose another one.' },
  SLUG_RESERVED: { status: 409, retryable: false, message: 'This address is reserved. Choose another one.' },
  CONFLICT: {
    status: 409,
    retryable: false,
    message: 'The request does not fit the present state. Reload and try again.',
  },
  ASSIGNMENT_CONFLICT: {
    status: 409,
    retryable: true,
    message: 'The workspace was assigned by somebody else at the same moment. Reload.',
  },
  WORKTREE_DIRTY: {
    status: 409,
    retryable: false,
    message: 'The worktree has changes that are not committed. Commit them or force the removal.',
  },
  MACHINE_HAS_WORKSPACES: {
    status: 409,
    retryable: false,
    message: 'Workspaces are pinned to this machine. Move or delete them first.',
  },
  LAST_OWNER: { status: 409, retryable: false, message: 'An organization needs at least one owner.' },
  LIMIT_REACHED: { status: 409, retryable: false, message: 'A limit is reached. Remove something first.' },
  FEATURE_DISABLED: { status: 403, retryable: false, message: 'This feature is switched off here.' },
  NO_ELIGIBLE_RUNTIME: {
    status: 409,
    retryable: true,
    message: 'No machine of this instance is online and able to take this workspace.',
  },
  WORKSPACE_NOT_READY: { status: 409, retryable: true, message: 'The workspace is still being prepared.' },
  WORKSPACE_ROOT_INVALID: { status: 409, retryable: false, message: 'The directory of the workspace cannot be used.' },
  STALE_GENERATION: { status: 409, retryable: true, message: 'The workspace has moved to another machine. Reload.' },
  RUNTIME_OFFLINE: {
    status: 503,
    retryable: true,
    message: 'The machine of this workspace is offline. Nothing was sent.',
  },
  RUNTIME_TIMEOUT: { status: 504, retryable: true, message: 'The machine did not answer in time.' },
  RUNTIME_ERROR: { status: 502, retryable: true, message: 'The machine answered with an error.' },
  AGENT_UNAVAILABLE: { status: 502, retryable: true, message: 'The coding agent is not running. Try again.' },
  AGENT_NOT_INSTALLED: { status: 409, retryable: false, message: 'The coding agent is not installed on this machine.' },
  MODEL_REFUSED: { status: 409, retryable: false, message: 'The model provider refused the key. Enter another one.' },
  MODEL_UNAVAILABLE: {
    status: 502,
    retryable: true,
    message: 'The model gave no usable answer. Send the prompt again.',
  },
  GIT_UNAVAILABLE: {
    status: 409,
    retryable: false,
    message: 'git is missing on this machine, or too old. Install git 2.25 or newer.',
  },
  CAPABILITY_UNSUPPORTED: { status: 501, retryable: false, message: 'The machine of this workspace cannot do this.' },
  UPGRADE_REQUIRED: { status: 426, retryable: false, message: 'The other side is too old. Upgrade it.' },
  CANCELLED: { status: 499, retryable: true, message: 'The request was cancelled.' },
  STORAGE_FULL: {
    status: 507,
    retryable: true,
    message: 'The disk is full. Free some space; what was accepted so far is kept.',
  },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false, message: 'The request is too large.' },
  RATE_LIMITED: { status: 429, retryable: true, message: 'Too many attempts. Wait a moment.' },
  PATH_OUTSIDE_WORKSPACE: { status: 403, retryable: false, message: 'The path lies outside the workspace.' },
  SIGNATURE_INVALID: { status: 401, retryable: false, message: 'The signature does not match.' },
  LINK_EXPIRED: {
    status: 410,
    retryable: false,
    message: 'This sign-in link has expired or was already used. Run "pilot link" for a new one.',
  },
  ORIGIN_REFUSED: { status: 403, retryable: false, message: 'This request comes from another site and was refused.' },
  INTERNAL: {
    status: 500,
    retryable: true,
    message: 'Something went wrong here. Try again; the request id helps to find it.',
  },
} as const satisfies Record<string, { status: number; retryable: boolean; message: string }>

export type ErrorCode = keyof typeof ERROR_CODES
export const ErrorCodeSchema = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]])

/** The one error body of every HTTP answer: `{error: {...}}`. */
export const ErrorBodySchema = z.object({
  error: z.object({
    code: ErrorCodeSchema,
    message: z.string(),
    request_id: z.string(),
    retryable: z.boolean(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
})
export type ErrorBody = z.infer<typeof ErrorBodySchema>

/**
 * The one exception that may cross a boundary on purpose. Anything else that is thrown becomes INTERNAL and its text
 * never leaves the process.
 */
export class PilotError extends Error {
  readonly code: ErrorCode
  readonly details: Record<string, unknown> | undefined
  constructor(code: ErrorCode, message?: string, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(message ?? ERROR_CODES[code].message, options)
    this.name = 'PilotError'
    this.code = code
    this.details = details
  }
  get status(): number {
    return ERROR_CODES[this.code].status
  }
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable
  }
}

const MAX_CAUSES = 5

/**
 * Turns anything thrown into a PilotError: itself, or the one that a library wrapped as its `cause` (query builders do).
 * Everything else becomes INTERNAL and keeps its cause for the log.
 */
export function toPilotError(cause: unknown): PilotError {
  let current = cause
  for (let i = 0; i < MAX_CAUSES && current instanceof Error; i += 1) {
    if (current instanceof PilotError) return current
    current = current.cause
  }
  return new PilotError('INTERNAL', undefined, undefined, { cause })
}

/** The body and status that a client gets for an error. */
export function errorBody(cause: unknown, requestId: string): { status: number; body: ErrorBody } {
  const error = toPilotError(cause)
  return {
    status: error.status,
    body: {
      error: {
        code: error.code,
        message: error.message,
        request_id: requestId,
        retryable: error.retryable,
        ...(error.details ? { details: error.details } : {}),
      },
    },
  }
}
