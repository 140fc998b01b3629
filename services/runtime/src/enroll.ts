import { arch, platform } from 'node:os'
import { ErrorBodySchema, PilotError } from '@pilot/domain/errors'
import { type Identity, IdentitySchema } from './identity.ts'

const ENROLL_TIMEOUT_MS = 30_000

export interface EnrollOptions {
  /** Address of the control plane, with its sub-path if it has one. */
  controlUrl: string
  token: string
  label: string
  version: string
  bootId: string
  fetch?: typeof fetch
}

/**
 * Exchanges a single-use enrolment token for the identity of this machine. Throws the control plane's own error, or
 * RUNTIME_TIMEOUT when it cannot be reached.
 */
export async function enroll(options: EnrollOptions): Promise<Identity> {
  const send = options.fetch ?? fetch
  const url = controlEndpoint(options.controlUrl, 'rt/enroll')
  let response: Response
  try {
    response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(ENROLL_TIMEOUT_MS),
      body: JSON.stringify({
        token: options.token,
        label: options.label,
        os: platform(),
        arch: arch(),
        version: options.version,
        boot_id: options.bootId,
      }),
    })
  } catch (cause) {
    const message = `The control plane at ${url.origin} cannot be reached. Check the address and try again.`
    throw new PilotError('RUNTIME_TIMEOUT', message, undefined, { cause })
  }
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) {
    const refused = ErrorBodySchema.safeParse(body)
    if (refused.success) throw new PilotError(refused.data.error.code, refused.data.error.message)
    throw new PilotError('RUNTIME_ERROR', `This is not a control plane of Pilot: it answered ${response.status}.`)
  }
  const identity = IdentitySchema.safeParse(body)
  if (!identity.success)
    throw new PilotError('RUNTIME_ERROR', 'The control plane gave an answer that is not understood.')
  return identity.data
}

/** An address below the control plane's base. Throws VALIDATION_FAILED for what is not http or https. */
export function controlEndpoint(controlUrl: string, path: string): URL {
  const base = URL.canParse(controlUrl) ? new URL(controlUrl) : null
  if (!base || !['http:', 'https:'].includes(base.protocol) || base.username || base.password) {
    throw new PilotError('VALIDATION_FAILED', 'Give the http or https address of the control plane.')
  }
  base.search = ''
  base.hash = ''
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return new URL(path, base)
}
