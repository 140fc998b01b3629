import { errorBody } from '@pilot/domain/errors'
import { type Gateway, makeApp } from '../app.ts'
import { requestIdOf } from '../http/request-id.ts'
import { sweep } from '../services/housekeeping.ts'
import { gatewayDeps } from './compose.ts'
import type { Env } from './env.ts'

export { OrganizationHub } from './organization-hub-object.ts'
export { RuntimeHub } from './runtime-hub-object.ts'

/** Made once per isolate: bindings are the same for all of its requests. */
let gateway: Gateway | null = null
/** Keeps the invocation alive for work that goes on after an answer; each request puts its own here. */
let current: ExecutionContext | null = null

function ready(env: Env): Gateway {
  gateway ??= makeApp(gatewayDeps(env, (work) => current?.waitUntil(work)))
  return gateway
}

/** The cloud shell. Cloudflare's edge names the caller's address; no other header is believed. */
export default {
  async fetch(request, env, context) {
    current = context
    try {
      return await ready(env).fetch(request, { ip: request.headers.get('cf-connecting-ip') ?? 'unknown' })
    } catch (cause) {
      console.error(JSON.stringify({ level: 'error', message: 'the gateway could not start', cause: String(cause) }))
      const { status, body } = errorBody(cause, requestIdOf(request.headers))
      return Response.json(body, { status })
    }
  },

  async scheduled(_controller, env, context) {
    current = context
    await sweep(ready(env).app)
  },
} satisfies ExportedHandler<Env>
