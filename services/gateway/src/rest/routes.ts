import { PilotError } from '@pilot/domain/errors'
import { idSchema } from '@pilot/domain/ids'
import { contract } from '@pilot/protocol/api/contract'
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { App } from '../app-context.ts'
import { readJson, validate } from '../http/body.ts'
import type { GatewayContext } from '../http/context.ts'
import { addressKey, type BucketRule, type RateLimiter } from '../http/rate-limit.ts'
import type { routeTable } from '../policy/routes.ts'
import { type Actor, instanceById } from '../policy/scope.ts'
import { tunnelRequest, viewerIdentity } from '../proxy/tunnel.ts'
import { EnrollSchema, enrollMachine, redeemEnrollment } from '../services/enrollment.ts'
import { listMachines } from '../services/machine.ts'
import { listSessions } from '../services/session.ts'
import { resolveSlug } from '../services/slug.ts'
import { archiveWorkspace, createWorkspace, deleteWorkspace, renameWorkspace } from '../services/workspace.ts'
import { getWorkspace, listWorkspaces } from '../services/workspace-view.ts'
import { addTerminalRoutes } from './terminal-routes.ts'

const ENROLL: BucketRule = { burst: 10, refill_seconds: 15 }
const CONNECT: BucketRule = { burst: 120, refill_seconds: 1 }

const PageSchema = z.object({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
  archived: z
    .enum(['0', '1', 'false', 'true'])
    .transform((value) => value === '1' || value === 'true')
    .optional(),
})
const InstancePageSchema = PageSchema.extend({ instance_id: idSchema('instance') })
const PatchWorkspaceSchema = z
  .strictObject({
    name: contract.workspace.rename.input.shape.name,
    slug: contract.workspace.rename.input.shape.slug,
    archived: z.boolean().optional(),
  })
  .refine((value) => Object.keys(value).length > 0, { message: 'says nothing to change' })

const json = (body: unknown, status = 200) => Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
const query = (c: GatewayContext) => c.req.query()

/** Health, workspaces, machines, enrolment, sockets and the chamber proxy. */
export function addRestRoutes(app: App, { add }: ReturnType<typeof routeTable>, limiter: RateLimiter): void {
  add('GET', '/healthz', { kind: 'public' }, () => json({ status: 'ok', version: app.config.version }))
  add('GET', '/readyz', { kind: 'public' }, async () => {
    const database = await app.db.get(sql`select 1`).then(
      () => 'ok',
      () => 'error',
    )
    const hub = await app.hub.presence([]).then(
      () => 'ok',
      () => 'error',
    )
    const ready = database === 'ok' && hub === 'ok'
    return json({ status: ready ? 'ok' : 'error', database, hub }, ready ? 200 : 503)
  })

  add('GET', '/api/slugs/:slug', { kind: 'user' }, async (c, actor) =>
    json(await resolveSlug(app, actor, c.req.param('slug') ?? '')),
  )

  const instanceOf = (actor: Actor, id: z.infer<typeof InstancePageSchema>['instance_id']) =>
    instanceById(app, actor, id, 'member')
  add('GET', '/api/workspaces', { kind: 'user' }, async (c, actor) => {
    const { instance_id, ...page } = validate(InstancePageSchema, query(c))
    return json(await listWorkspaces(app, await instanceOf(actor, instance_id), page))
  })
  add('POST', '/api/workspaces', { kind: 'user' }, async (c, actor) => {
    const { instance_id, ...input } = await readJson(c.req.raw, contract.workspace.create.input)
    return json(await createWorkspace(app, await instanceOf(actor, instance_id), input), 201)
  })
  add('GET', '/api/workspaces/:slug', { kind: 'workspace', min: 'member' }, async (_c, scope) =>
    json(await getWorkspace(app, scope)),
  )
  add('PATCH', '/api/workspaces/:slug', { kind: 'workspace', min: 'member' }, async (c, scope) => {
    const { archived, ...names } = await readJson(c.req.raw, PatchWorkspaceSchema)
    if (Object.keys(names).length > 0) await renameWorkspace(app, scope, names)
    return json(archived === undefined ? await getWorkspace(app, scope) : await archiveWorkspace(app, scope, archived))
  })
  add('DELETE', '/api/workspaces/:slug', { kind: 'workspace', min: 'member' }, async (_c, scope) => {
    await deleteWorkspace(app, scope)
    return new Response(null, { status: 204 })
  })

  add('GET', '/api/runtimes', { kind: 'user' }, async (c, actor) => {
    const { instance_id, ...page } = validate(InstancePageSchema, query(c))
    const machines = await listMachines(app, await instanceOf(actor, instance_id), page)
    const items = machines.items.flatMap((machine) =>
      machine.runtime ? [{ ...machine.runtime, machine_id: machine.id, machine_name: machine.name }] : [],
    )
    return json({ items, next_cursor: machines.next_cursor })
  })
  add('POST', '/api/machines/:id/enroll', { kind: 'machine', min: 'admin' }, async (_c, scope) => {
    if (scope.actor.impersonator_id !== null)
      throw new PilotError('FORBIDDEN', 'This is not possible while you act as somebody else.')
    return json(await enrollMachine(app, scope), 201)
  })

  add('POST', '/rt/enroll', { kind: 'enrollment' }, async (c) => {
    limiter.take(`enroll:${addressKey(c.env.ip)}`, ENROLL)
    const input = await readJson(c.req.raw, EnrollSchema)
    return json(await redeemEnrollment(app, input, { request_id: c.get('request_id'), ip: c.env.ip }), 201)
  })
  for (const path of ['/rt/connect/:runtimeId', '/gw/connect/:runtimeId'])
    add(
      'GET',
      path,
      { kind: 'runtime' },
      (c, identity) => {
        limiter.take(`connect:${identity.runtime_id}`, CONNECT)
        return app.hub.connectRuntime(upgradable(c), identity)
      },
      { socket: true },
    )

  add(
    'GET',
    '/api/ws/:organizationId',
    { kind: 'organization', min: 'member' },
    (c, { organization, actor }) =>
      app.hub.connectOrganization(upgradable(c), {
        organization_id: organization.id,
        user_id: actor.user.id,
        session_id: actor.session_id,
      }),
    { socket: true },
  )

  const chamber = '/api/chamber/workspaces/:slug'
  add(
    'GET',
    `${chamber}/ws`,
    { kind: 'workspace', min: 'member' },
    (c, scope) => app.hub.connectViewer(upgradable(c), viewerIdentity(scope)),
    { socket: true },
  )
  add('GET', `${chamber}/sessions`, { kind: 'workspace', min: 'member' }, async (c, scope) =>
    json(await listSessions(app, scope, validate(PageSchema, query(c)))),
  )
  addTerminalRoutes(app, add, chamber)
  add('ALL', `${chamber}/*`, { kind: 'workspace', min: 'member' }, (c, scope) => tunnelRequest(app, c, scope))
}

/** The shell's own request, which is the only one that it can upgrade. */
function upgradable(c: GatewayContext): Request {
  if (c.req.header('upgrade')?.toLowerCase() !== 'websocket')
    throw new PilotError('UPGRADE_REQUIRED', 'This address speaks WebSocket only.')
  return c.env.original
}
