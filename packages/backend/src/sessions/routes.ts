import { PilotError } from '@pilot/domain/errors'
import { type Id, type IdKind, isId } from '@pilot/domain/ids'
import { CommandRequestSchema } from '@pilot/protocol/agent/command'
import { type Position, PositionSchema } from '@pilot/protocol/agent/event'
import { CreateSessionSchema, UpdateSessionSchema } from '@pilot/protocol/agent/rest'
import { Hono } from 'hono'
import { z } from 'zod'
import { eventStream } from './event-stream.ts'
import { MAX_PAGE_MESSAGES, PAGE_MESSAGES } from './paging.ts'
import { type RequestContext, type SessionClock, systemClock } from './ports.ts'
import { check, readBody } from './request-body.ts'
import type { SessionService } from './service.ts'
import type { SessionId } from './store/rows.ts'

/** Bytes of a body. A prompt of 200,000 characters has up to 1.2 MB when every one is escaped. */
const COMMAND_BYTES = 2 * 1024 * 1024
const SESSION_BYTES = 16 * 1024

const SnapshotQuerySchema = z.object({
  before: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_MESSAGES).default(PAGE_MESSAGES),
})
const EventsQuerySchema = z.object({
  epoch: z.string().max(64).optional(),
  after: z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).optional(),
})
const DiffQuerySchema = z.object({ path: z.string().min(1).max(4_096).optional() })

type Env = { Variables: { ctx: RequestContext } }

function idOf<K extends IdKind>(kind: K, value: string, code: 'SESSION_NOT_FOUND' | 'COMMAND_NOT_FOUND'): Id<K> {
  if (!isId(kind, value)) throw new PilotError(code)
  return value
}
const sessionId = (value: string): SessionId => idOf('agent_session', value, 'SESSION_NOT_FOUND')

/** Where a reader of events stands: `Last-Event-ID` of a reconnect, else the query. */
function position(lastEventId: string | undefined, query: z.infer<typeof EventsQuerySchema>): Position | null {
  const colon = lastEventId?.lastIndexOf(':') ?? -1
  if (lastEventId !== undefined && colon > 0) {
    const parsed = PositionSchema.safeParse({
      epoch: lastEventId.slice(0, colon),
      seq: Number(lastEventId.slice(colon + 1)),
    })
    // What nobody can have been given is an unknown place: the reader is told to refetch.
    return parsed.success ? parsed.data : { epoch: '', seq: 0 }
  }
  if (query.after === undefined) return null
  return { epoch: query.epoch ?? '', seq: query.after }
}

/**
 * The native session routes of a workspace (`@pilot/protocol/agent/rest`). `ctx` is set before them and is the only
 * source of the workspace and the person; errors are thrown and answered by the app.
 */
export function sessionRoutes(service: SessionService, clock: SessionClock = systemClock): Hono<Env> {
  const app = new Hono<Env>()

  app.post('/sessions', async (c) => {
    const { workspace_id, actor } = c.var.ctx
    const body = await readBody(c, CreateSessionSchema, SESSION_BYTES)
    const { session, created } = await service.create(workspace_id, actor, body)
    return c.json(session, created ? 201 : 200)
  })

  app.patch('/sessions/:ags', async (c) => {
    const id = sessionId(c.req.param('ags'))
    const body = await readBody(c, UpdateSessionSchema, SESSION_BYTES)
    return c.json(service.change(c.var.ctx.workspace_id, id, body))
  })

  app.delete('/sessions/:ags', async (c) => {
    const id = sessionId(c.req.param('ags'))
    await service.remove(c.var.ctx.workspace_id, id, { force: c.req.query('force') === '1' })
    return c.body(null, 204)
  })

  app.post('/sessions/:ags/commands', async (c) => {
    const { workspace_id, actor } = c.var.ctx
    const id = sessionId(c.req.param('ags'))
    const request = await readBody(c, CommandRequestSchema, COMMAND_BYTES)
    return c.json(service.submit(workspace_id, id, actor, request), 202)
  })

  app.get('/sessions/:ags/commands/:cmd', (c) => {
    const id = sessionId(c.req.param('ags'))
    const command = idOf('command', c.req.param('cmd'), 'COMMAND_NOT_FOUND')
    return c.json(service.command(c.var.ctx.workspace_id, id, command))
  })

  app.get('/sessions/:ags/snapshot', (c) => {
    const id = sessionId(c.req.param('ags'))
    const { before, limit } = check(SnapshotQuerySchema, c.req.query())
    const paging = before === undefined ? { limit } : { limit, before }
    return c.json(service.snapshot(c.var.ctx.workspace_id, id, paging))
  })

  app.get('/sessions/:ags/events', (c) => {
    const id = sessionId(c.req.param('ags'))
    const since = position(c.req.header('last-event-id'), check(EventsQuerySchema, c.req.query()))
    const stream = eventStream(service, c.var.ctx.workspace_id, id, since, clock)
    return c.body(stream, 200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  })

  app.get('/sessions/:ags/diff', async (c) => {
    const id = sessionId(c.req.param('ags'))
    const { path } = check(DiffQuerySchema, c.req.query())
    return c.json(await service.diff(c.var.ctx.workspace_id, id, path))
  })

  app.get('/sessions/:ags/parts/:part/output', async (c) => {
    const id = sessionId(c.req.param('ags'))
    const output = await service.output(c.var.ctx.workspace_id, id, c.req.param('part'))
    return c.body(output, 200, {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-disposition': 'attachment; filename="output.txt"',
    })
  })

  return app
}
