import { PilotError } from '@pilot/domain/errors'
import { MAX_TERMINALS_PER_RUNTIME } from '@pilot/protocol/terminal/model'
import { z } from 'zod'
import type { Database } from './database.ts'
import type { HubPort } from './hub/port.ts'

export type Stage = 'production' | 'dev' | 'test'

/** A sign-in provider that is offered because its client id and secret are configured. URLs are overridable for tests. */
export interface OAuthProvider {
  id: 'google' | 'github'
  label: string
  client_id: string
  client_secret: string
  authorization_url: string
  token_url: string
  user_info_url: string
  scopes: string[]
}

/** How many of each a tenant may have; an instance may override its own numbers in `instance.limits`. */
export interface Limits {
  organizations_per_user: number
  instances_per_organization: number
  machines_per_instance: number
  workspaces_per_instance: number
  /** Never more than `MAX_TERMINALS_PER_RUNTIME`. */
  terminals_per_runtime: number
}

export interface GatewayConfig {
  stage: Stage
  version: string
  /** Public address of the application, absolute, ending in `/`; its path is the base path. */
  base_url: string
  /** Exact `host[:port]` values accepted in the Host header. */
  hosts: string[]
  /** Exact origins accepted on unsafe methods and on socket upgrades. */
  origins: string[]
  /** True when only this computer can reach the listener. */
  loopback: boolean
  providers: OAuthProvider[]
  features: { mount: boolean }
  limits: Limits
}

/** Keys of the control plane. They live beside the database, never in it. */
export interface GatewayKeys {
  /** Signs session cookies; at least 32 characters. */
  auth_secret: string
  /** Keys that seal secrets, by version; the highest version seals, all open. Each 32 bytes, base64url. */
  kek: Record<string, string>
}

/** Structured logging; pino satisfies it. Never pass a request body, a cookie or a token. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Serves everything that is not an API: the application's document and its assets. */
export interface PagesPort {
  /** `found` is false when the first path segment is unknown to the signed-in user: the same page, with status 404. */
  fetch(request: Request, found: boolean): Promise<Response>
}

/** What the pure core is given by its shell. */
export interface GatewayDeps {
  db: Database
  hub: HubPort
  pages: PagesPort
  config: GatewayConfig
  keys: GatewayKeys
  logger: Logger
  clock: () => Date
  /** Lets work go on after the answer was given. The shell awaits it before it stops and logs what fails. */
  defer: (work: Promise<unknown>) => void
}

/** What a shell knows of one request besides the request itself. */
export interface RequestInfo {
  /** Address of the peer, or of the client when a listed proxy names it. Used for rate limits and the audit log only. */
  ip: string
}

export const DEFAULT_LIMITS: Limits = {
  organizations_per_user: 20,
  instances_per_organization: 50,
  machines_per_instance: 100,
  workspaces_per_instance: 200,
  terminals_per_runtime: 50,
}

const TerminalLimitSchema = z.coerce.number().int().min(1).max(MAX_TERMINALS_PER_RUNTIME)

/**
 * The limits with what the environment sets: `PILOT_TERMINALS_PER_RUNTIME`, 1 to 50. Throws VALIDATION_FAILED for
 * anything else.
 */
export function limitsFromEnv(env: Record<string, string | undefined>, terminals: number): Limits {
  const given = env.PILOT_TERMINALS_PER_RUNTIME
  if (given === undefined || given === '') return { ...DEFAULT_LIMITS, terminals_per_runtime: terminals }
  const parsed = TerminalLimitSchema.safeParse(given)
  if (!parsed.success)
    throw new PilotError(
      'VALIDATION_FAILED',
      `PILOT_TERMINALS_PER_RUNTIME must be a whole number from 1 to ${MAX_TERMINALS_PER_RUNTIME}.`,
    )
  return { ...DEFAULT_LIMITS, terminals_per_runtime: parsed.data }
}
