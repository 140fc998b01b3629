import { PilotError } from '@pilot/domain/errors'
import { contract, type Procedure } from '@pilot/protocol/api/contract'
import { type AnyProcedure, TRPCError } from '@trpc/server'
import { fetchRequestHandler } from '@trpc/server/adapters/fetch'
import { parseJson, readText } from '../http/body.ts'
import { admit, type Handler, resolveScope } from './handler.ts'
import { handlers } from './handlers.ts'
import { asTrpcError, type CallContext, fromTrpcError, t } from './init.ts'

export const TRPC_PATH = '/api/trpc'
/** Calls in one HTTP request. */
const MAX_BATCH = 20
/** Longest `input` of a query, in characters. */
const MAX_QUERY_INPUT = 65_536

/** Runs one procedure as its contract says: admit, parse, resolve the scope, handle. */
function build(procedure: Procedure, handler: Handler<Procedure>): AnyProcedure {
  const { policy } = procedure
  const base = t.procedure
    .use(({ ctx, next }) => {
      try {
        admit(policy, ctx)
      } catch (cause) {
        throw asTrpcError(cause)
      }
      return next()
    })
    .input(procedure.input)
    .output(procedure.output)
  const resolve = async ({ ctx, input }: { ctx: CallContext; input: unknown }) => {
    try {
      const scope = (await resolveScope(policy, ctx, input)) as Parameters<typeof handler>[0]['scope']
      return await handler({ ctx, scope, input })
    } catch (cause) {
      throw cause instanceof TRPCError ? cause : asTrpcError(cause)
    }
  }
  return procedure.type === 'query' ? base.query(resolve) : base.mutation(resolve)
}

function buildRouter() {
  const record: Record<string, Record<string, AnyProcedure>> = {}
  const table: Record<string, Record<string, Procedure>> = contract
  // The types of both tables match procedure by procedure; iterating loses that, not the checks at run time.
  const loose = handlers as unknown as Record<string, Record<string, Handler<Procedure>>>
  for (const [name, procedures] of Object.entries(table)) {
    const group: Record<string, AnyProcedure> = {}
    for (const [key, procedure] of Object.entries(procedures)) {
      const handler = loose[name]?.[key]
      if (!handler) throw new Error(`${name}.${key} has no handler`)
      group[key] = build(procedure, handler)
    }
    record[name] = group
  }
  return t.router(record)
}
export const router = buildRouter()

/** Checks what came from outside before tRPC reads it: size, depth, well-formedness, number of calls. */
async function guarded(request: Request): Promise<Request> {
  const url = new URL(request.url)
  const calls = url.pathname.slice(TRPC_PATH.length + 1).split(',').length
  if (calls > MAX_BATCH) throw new PilotError('VALIDATION_FAILED', `At most ${MAX_BATCH} calls fit in one request.`)
  if (request.method === 'GET') {
    const input = url.searchParams.get('input')
    if (input !== null) {
      if (input.length > MAX_QUERY_INPUT) throw new PilotError('PAYLOAD_TOO_LARGE')
      parseJson(input)
    }
    return request
  }
  const text = await readText(request)
  if (text !== '') parseJson(text)
  // A call without input may come without a body; an empty object says the same to every procedure.
  const body = text === '' ? '{}' : text
  return new Request(request.url, { method: request.method, headers: request.headers, body })
}

const createCaller = t.createCallerFactory(router)

async function call(ctx: CallContext, path: string, input: unknown): Promise<unknown> {
  const [name = '', key = '', more] = path.split('.')
  const known: Record<string, Record<string, Procedure>> = contract
  if (more !== undefined || !Object.hasOwn(known, name) || !Object.hasOwn(known[name] ?? {}, key))
    throw new PilotError('NOT_FOUND', 'There is no such procedure.')
  const procedure: unknown = Reflect.get(Object(Reflect.get(createCaller(ctx), name)), key)
  if (typeof procedure !== 'function') throw new PilotError('NOT_FOUND', 'There is no such procedure.')
  try {
    return await procedure(input)
  } catch (cause) {
    throw cause instanceof TRPCError ? fromTrpcError(cause) : cause
  }
}

/** Answers a request below /api/trpc. */
export async function serveTrpc(request: Request, caller: Omit<CallContext, 'call'>): Promise<Response> {
  const ctx: CallContext = { ...caller, call: (path, input) => call(ctx, path, input) }
  const response = await fetchRequestHandler({
    endpoint: TRPC_PATH,
    req: await guarded(request),
    router,
    createContext: () => ctx,
    maxBatchSize: MAX_BATCH,
    // tRPC has a name for few statuses only; ours are the same over every adapter.
    responseMeta: ({ errors, info }) => {
      const [error] = errors
      return error && info?.calls.length === 1 ? { status: fromTrpcError(error).status } : {}
    },
    onError: ({ error, path }) => {
      if (fromTrpcError(error).code === 'INTERNAL')
        ctx.app.logger.error({ request_id: ctx.request_id, path, err: error.cause ?? error }, 'procedure failed')
    },
  })
  for (const cookie of ctx.set_cookies) response.headers.append('set-cookie', cookie)
  response.headers.set('cache-control', 'no-store')
  return response
}
