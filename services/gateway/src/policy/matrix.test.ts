import { contract, type Procedure } from '@pilot/protocol/api/contract'
import type { Role } from '@pilot/protocol/api/views'
import { describe, expect, it } from 'vitest'
import { schema } from '../database.ts'
import { makeWorld, ORIGIN, type Person, type World } from '../testing/world.ts'

type Tenant = Awaited<ReturnType<World['tenant']>>
const ROLES: Role[] = ['member', 'admin', 'owner']
const CLOSED = [401, 403, 404]
/** Here the input names the owner, whom only an owner may touch. */
const ABOUT_OWNERS = ['organization.set_role', 'organization.remove_member']

const table: Record<string, Record<string, Procedure>> = contract
const procedures = Object.entries(table).flatMap(([router, group]) =>
  Object.entries(group).map(([key, procedure]) => ({ path: `${router}.${key}`, ...procedure })),
)

/** A valid input that names things of the tenant, made of the fields that the procedure knows. */
async function inputFor(
  world: World,
  tenant: Tenant,
  procedure: Procedure,
): Promise<Record<string, unknown> | undefined> {
  if (!('shape' in procedure.input)) return undefined
  const [member] = await world.app.db.select().from(schema.organization_user_membership).limit(1)
  const pool: Record<string, unknown> = {
    organization_slug: tenant.organization.slug,
    instance_slug: tenant.instance.slug,
    instance_id: tenant.instance.id,
    machine_id: tenant.machine.id,
    workspace_slug: tenant.workspace.slug,
    member_id: member?.id,
    role: 'owner',
    name: 'A name',
    slug: tenant.workspace.slug,
    provider: 'demo',
    directory: '/home/else/where',
    path: 'user.session',
    user_id: member?.user_id,
    reason: 'support',
    email: 'new@example.test',
  }
  const skip = procedure.type === 'mutation' ? ['slug'] : []
  return Object.fromEntries(
    Object.keys(procedure.input.shape as object)
      .filter((key) => key in pool && !skip.includes(key))
      .map((key) => [key, pool[key]]),
  )
}

async function anonymous(world: World, path: string, type: string, input: unknown): Promise<number> {
  const url = `/api/trpc/${path}`
  const response =
    type === 'query'
      ? await world.request(input ? `${url}?input=${encodeURIComponent(JSON.stringify(input))}` : url)
      : await world.request(url, {
          method: 'POST',
          body: JSON.stringify(input ?? {}),
          headers: { origin: ORIGIN, 'x-pilot-csrf': '1', 'content-type': 'application/json' },
        })
  return response.status
}

describe('every procedure', () => {
  it.each(procedures)('$path', async ({ path, type, policy, input: schemaOf }) => {
    const world = makeWorld()
    const tenant = await world.tenant('ann')
    const outsider = await world.signIn('eve@example.test')
    const people: Record<Role, Person> = {
      member: await world.join(tenant.organization.id, 'member@example.test', 'member'),
      admin: await world.join(tenant.organization.id, 'admin@example.test', 'admin'),
      owner: await world.join(tenant.organization.id, 'owner@example.test', 'owner'),
    }
    const input = await inputFor(world, tenant, { type, policy, input: schemaOf, output: schemaOf })
    const status = async (who: Person) => (await who.rpc(path, type, input)).status
    const nobody = await anonymous(world, path, type, input)

    if (policy.kind === 'public' || policy.kind === 'testing') {
      expect(nobody).toBe(200)
      return
    }
    expect(nobody).toBe(401)
    if (policy.kind === 'platform-admin') {
      expect(await status(people.owner)).toBe(404)
      return
    }
    if (policy.kind === 'user') return
    expect(await status(outsider)).toBe(404)
    for (const role of ROLES.filter((each) => ROLES.indexOf(each) < ROLES.indexOf(policy.min)))
      expect([role, await status(people[role])]).toEqual([role, 403])
    expect(CLOSED).not.toContain(await status(people[ABOUT_OWNERS.includes(path) ? 'owner' : policy.min]))
  })
})

describe('every HTTP route', () => {
  it('was added through the table', () => {
    const { gateway } = makeWorld()
    const declared = new Set(gateway.routes.map((route) => route.path))
    const served = gateway.hono.routes.filter((route) => route.handler.length < 2)
    expect(served.length).toBeGreaterThan(20)
    for (const route of served) expect(declared, `${route.method} ${route.path}`).toContain(route.path)
  })

  it('a route beside the table is found by that test', () => {
    const { gateway } = makeWorld()
    gateway.hono.get('/api/backdoor', (c) => c.text('open'))
    const declared = new Set(gateway.routes.map((route) => route.path))
    const beside = gateway.hono.routes.filter((route) => route.handler.length < 2 && !declared.has(route.path))
    expect(beside.map((route) => route.path)).toEqual(['/api/backdoor'])
  })

  it('refuses whoever its policy does not name', async () => {
    const world = makeWorld()
    const tenant = await world.tenant('ann')
    const outsider = await world.signIn('eve@example.test')
    const member = await world.join(tenant.organization.id, 'member@example.test', 'member')
    const fill = (path: string) =>
      path
        .replace(':slug', tenant.workspace.slug)
        .replace(':organizationId', tenant.organization.id)
        .replace(':id', tenant.machine.id)
        .replace(':runtimeId', tenant.runtime.runtime_id)
        .replace('*', 'anything')
    for (const { method, path, policy, socket } of world.gateway.routes) {
      if (policy.kind === 'public' || policy.kind === 'session' || policy.kind === 'page') continue
      const verb = method === 'ALL' ? 'POST' : method
      const upgrade: Record<string, string> = socket ? { upgrade: 'websocket' } : {}
      const init = {
        method: verb,
        headers: { origin: ORIGIN, 'x-pilot-csrf': '1', 'content-type': 'application/json', ...upgrade },
        ...(verb === 'POST' || verb === 'PATCH' ? { body: '{}' } : {}),
      }
      const at = fill(path)
      const label = `${verb} ${at}`
      const closed = (response: Response) => response.headers.get('x-test-refused') ?? String(response.status)
      const nobody = await world.request(at, init)
      if (policy.kind === 'enrollment') {
        expect(nobody.status, label).toBe(400)
        continue
      }
      expect(closed(nobody), label).toBe(socket ? '4003' : '401')
      // A person's cookie is no runtime's token, and the other way round.
      if (policy.kind === 'runtime') {
        expect(closed(await tenant.owner.send(at, init)), label).toBe('4003')
        continue
      }
      const bearer = { ...init, headers: { ...init.headers, authorization: `Bearer ${tenant.runtime.runtime_token}` } }
      expect(closed(await world.request(at, bearer)), label).toBe(socket ? '4003' : '401')
      expect(closed(await tenant.owner.send(at, bearer)), label).toBe(socket ? '4003' : '401')
      if (policy.kind === 'user') continue
      expect(closed(await outsider.send(at, init)), label).toBe(socket ? '4004' : '404')
      if ('min' in policy && policy.min !== 'member') expect(closed(await member.send(at, init)), label).toBe('403')
    }
  })
})
