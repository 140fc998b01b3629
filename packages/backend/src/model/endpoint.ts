import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ModelRef } from '@pilot/protocol/agent/model'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { ChatRequestSchema } from './chat.ts'
import { type ModelConfig, modelRef } from './config.ts'
import { createDemoModel } from './demo/demo-model.ts'
import { failureResponse, givenUp, type ModelFailure } from './failure.ts'
import { type RelayLimits, relay } from './relay.ts'
import { createHttpUpstream, type Upstream } from './upstream.ts'

/** The loopback API that the coding agent takes for its model provider. It alone knows the real key. */
export interface ModelEndpoint {
  fetch(request: Request): Promise<Response>
  /** Bearer token that every request must carry. */
  readonly token: string
  /** Takes effect with the next request; the agent need not restart. */
  setModel(config: ModelConfig): void
  model(): ModelRef
}

export interface ModelEndpointOptions {
  model: ModelConfig
  /** Reuses the token of an agent that is still running; a fresh one otherwise. */
  token?: string
  /** For tests. */
  fetch?: typeof fetch
  limits?: Partial<RelayLimits>
  /** Stands in for the built-in demo model. */
  demo?: Upstream
  /** One line per call for the operator's log. Never holds the key or the conversation. */
  log?: (entry: { provider: string; model: string; outcome: string; ms: number }) => void
}

const DEFAULT_LIMITS: RelayLimits = { first: 290_000, idle: 120_000 }
/** A conversation with pasted files stays far below. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024
/** Temporary failures in a row after which a turn is ended; OpenCode waits 2, 4, 8 … seconds between them. */
const MAX_FAILURES = 4
/** A failure older than this belongs to another turn. */
const FAILURE_MEMORY_MS = 180_000
const MAX_TRACKED_SESSIONS = 500

/**
 * Creates the model endpoint: `POST /v1/chat/completions` (streaming only) and `GET /v1/models`.
 * Every provider failure is told in a way that OpenCode neither retries for ever nor takes for an answer.
 */
export function createModelEndpoint(options: ModelEndpointOptions): ModelEndpoint {
  const token = options.token ?? randomBytes(32).toString('hex')
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const fetchImpl = options.fetch ?? fetch
  const demo = options.demo ?? createDemoModel()
  const failures = new FailureCounter()
  let config = options.model
  let upstream = upstreamOf(config)

  function upstreamOf(of: ModelConfig): Upstream {
    return of.provider === 'demo' ? demo : createHttpUpstream(of, fetchImpl)
  }

  const app = new Hono()
  app.use(async (c, next) => {
    if (!authorized(c.req.header('authorization'), token)) {
      return c.json({ error: { message: 'This address needs the token of the agent that it serves.' } }, 401)
    }
    await next()
  })
  app.get('/v1/models', (c) =>
    c.json({ object: 'list', data: ['main', 'small'].map((id) => ({ id, object: 'model' })) }),
  )
  app.post('/v1/chat/completions', bodyLimit({ maxSize: MAX_REQUEST_BYTES }), async (c) => {
    const parsed = ChatRequestSchema.safeParse(await c.req.json().catch(() => null))
    if (!parsed.success) return c.json({ error: { message: 'Not a streaming chat completion request.' } }, 400)
    const current = config
    const sessionKey = `${c.req.header('x-session-id')?.slice(0, 100) ?? ''} ${parsed.data.model}`
    const began = Date.now()
    const log = (outcome: string) =>
      options.log?.({ provider: current.provider, model: current.model, outcome, ms: Date.now() - began })
    const controller = new AbortController()
    const abort = () => controller.abort()
    c.req.raw.signal.addEventListener('abort', abort, { once: true })
    const result = await relay(callUpstream(upstream, parsed.data, controller.signal), {
      limits,
      model: current.model,
      secret: current.api_key,
      abort,
      onEnd: (failure) => {
        if (!failure) failures.clear(sessionKey)
        log(failure?.code ?? 'ok')
      },
    })
    if (result.ok) {
      return new Response(result.body, {
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
      })
    }
    // The agent itself hung up: nobody reads an answer, and the provider did nothing wrong.
    if (c.req.raw.signal.aborted) return new Response(null, { status: 499 })
    const failure = failures.judge(sessionKey, result.failure)
    log(failure.code)
    return failureResponse(failure)
  })

  return {
    fetch: async (request) => app.fetch(request),
    token,
    setModel(next) {
      config = next
      upstream = upstreamOf(next)
    },
    model: () => modelRef(config),
  }
}

async function callUpstream(upstream: Upstream, ...args: Parameters<Upstream>): Promise<Response> {
  return upstream(...args)
}

/** Counts temporary failures in a row per engine session, so that a turn ends instead of retrying without end. */
class FailureCounter {
  readonly #counts = new Map<string, { count: number; at: number }>()

  clear(key: string): void {
    this.#counts.delete(key)
  }

  judge(key: string, failure: ModelFailure): ModelFailure {
    const before = this.#counts.get(key)
    this.#counts.delete(key)
    if (!failure.temporary) return failure
    const now = Date.now()
    const count = before && now - before.at < FAILURE_MEMORY_MS ? before.count + 1 : 1
    if (count >= MAX_FAILURES) return givenUp(failure)
    this.#counts.set(key, { count, at: now })
    const oldest = this.#counts.keys().next().value
    if (this.#counts.size > MAX_TRACKED_SESSIONS && oldest !== undefined) this.#counts.delete(oldest)
    return failure
  }
}

/** Compares digests, so that neither length nor content of the token shows in the time taken. */
function authorized(header: string | undefined, token: string): boolean {
  const given = header?.startsWith('Bearer ') ? header.slice('Bearer '.length) : ''
  const digest = (value: string) => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(given), digest(token))
}
