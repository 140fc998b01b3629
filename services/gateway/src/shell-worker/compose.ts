import { pilotDb } from '@pilot/domain/d1/db'
import manifest from '../../package.json' with { type: 'json' }
import type { GatewayDeps, Logger } from '../deps.ts'
import { createPages } from '../document/pages.ts'
import { boundAssets } from './bound-assets.ts'
import { durableHub } from './durable-hub.ts'
import { type Env, readEnv } from './env.ts'

/** One JSON object per line; the platform collects what is written to the console. */
const write = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) =>
  console[level](JSON.stringify({ level, message, ...readable(fields) }))
const logger: Logger = {
  debug: () => undefined,
  info: write('info'),
  warn: write('warn'),
  error: write('error'),
}

/** Errors have no enumerable fields of their own. */
function readable(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  )
}

/** What the pure gateway needs, made of this Worker's bindings. The same for a request and inside of a hub. */
export function gatewayDeps(env: Env, defer: GatewayDeps['defer']): GatewayDeps {
  const { config, keys } = readEnv(env, manifest.version)
  return {
    db: pilotDb(env.PILOT_DB),
    hub: durableHub(env),
    pages: createPages({ store: boundAssets(env.ASSETS), base_url: config.base_url, compress: false }),
    config,
    keys,
    logger,
    clock: () => new Date(),
    defer,
  }
}
