import { z } from 'zod'
import { providersFromEnv } from '../auth/providers.ts'
import { type GatewayConfig, type GatewayKeys, limitsFromEnv } from '../deps.ts'
import type { OrganizationHubRpc, RuntimeHubRpc } from './hub-rpc.ts'

/** Bindings, variables and secrets of the Worker; see `wrangler.jsonc`. */
export interface Env {
  PILOT_DB: D1Database
  RUNTIME_HUB: DurableObjectNamespace<RuntimeHubRpc>
  ORGANIZATION_WEBSOCKET: DurableObjectNamespace<OrganizationHubRpc>
  ASSETS: Fetcher
  PILOT_BASE_URL: string
  PILOT_STAGE: string
  /** Secret. Signs session cookies. */
  PILOT_AUTH_SECRET: string
  /** Secret. JSON object of base64url keys of 32 bytes by version, such as `{"1":"…"}`. */
  PILOT_KEK: string
}

/** Terminals of one runtime where the control plane is somebody else's. */
const HOSTED_TERMINALS = 5

const isLoopback = (hostname: string) => ['localhost', '127.0.0.1', '[::1]'].includes(hostname)

const VariablesSchema = z.object({
  PILOT_BASE_URL: z.url({ protocol: /^https?$/ }).transform((value) => (value.endsWith('/') ? value : `${value}/`)),
  PILOT_STAGE: z.enum(['production', 'dev', 'test']),
  PILOT_AUTH_SECRET: z.string().min(32),
  PILOT_KEK: z
    .string()
    .transform((text) => JSON.parse(text))
    .pipe(z.record(z.string().regex(/^\d+$/), z.string().min(43))),
})

/** The variables and secrets among the bindings. */
function textsOf(env: Env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/**
 * Configuration and keys out of the Worker's environment. Throws when something is missing or wrong: the Worker then
 * answers nothing at all rather than something unsafe.
 */
export function readEnv(env: Env, version: string): { config: GatewayConfig; keys: GatewayKeys } {
  const variables = VariablesSchema.parse(env)
  const base = new URL(variables.PILOT_BASE_URL)
  const loopback = isLoopback(base.hostname)
  if (base.protocol === 'http:' && !loopback) throw new Error('PILOT_BASE_URL must begin with https://')
  return {
    config: {
      stage: variables.PILOT_STAGE,
      version,
      base_url: base.href,
      hosts: [base.host],
      origins: [base.origin],
      loopback,
      providers: providersFromEnv(textsOf(env)),
      features: { mount: false },
      limits: limitsFromEnv(textsOf(env), HOSTED_TERMINALS),
    },
    keys: { auth_secret: variables.PILOT_AUTH_SECRET, kek: variables.PILOT_KEK },
  }
}
