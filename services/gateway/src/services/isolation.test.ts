import { newId } from '@pilot/domain/ids'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { summaryOf } from '../testing/summary.ts'
import { makeWorld, type Person, type World } from '../testing/world.ts'
import { projectSummary } from './session.ts'

type Tenant = Awaited<ReturnType<World['tenant']>>

/** Everything by which a tenant could be recognised in an answer. */
function marksOf(tenant: Tenant, extra: string[]): string[] {
  const { organization, instance, machine, runtime, workspace } = tenant
  return [
    ...[organization.id, organization.slug, organization.name, instance.id, instance.slug, instance.name],
    ...[machine.id, machine.name, runtime.runtime_id, runtime.runtime_token],
    ...[workspace.id, workspace.slug, workspace.name, workspace.root_path ?? ''],
    ...extra,
  ].filter((mark) => mark !== '')
}

const OPERATIONS = [
  'organization.list',
  'organization.get',
  'organization.rename',
  'organization.members',
  'instance.list',
  'instance.get',
  'instance.create',
  'machine.list',
  'machine.create',
  'machine.rename',
  'machine.archive',
  'machine.enroll',
  'workspace.list',
  'workspace.get',
  'workspace.create',
  'workspace.rename',
  'workspace.archive',
  'workspace.sessions',
  'slug.resolve',
  'slug.available',
  'model.get',
  'GET /api/workspaces',
  'GET /api/workspaces/:slug',
  'GET /api/runtimes',
  'GET /api/slugs/:slug',
  'GET sessions',
  'POST chamber',
  'GET terminals',
  'POST terminal',
  'terminal by id',
  'GET page',
] as const
const QUERY = /\.(list|get|members|sessions|resolve|available)$/

/** Does one operation as `who`, naming things of `target`, and gives everything that came back. */
async function act(who: Person, target: Tenant, operation: (typeof OPERATIONS)[number], n: number) {
  const { organization, instance, machine, workspace } = target
  const slug = workspace.slug
  const gone = async (response: Response) => `${await response.text()} ${JSON.stringify([...response.headers])}`
  switch (operation) {
    case 'GET /api/workspaces':
      return gone(await who.send(`/api/workspaces?instance_id=${instance.id}`))
    case 'GET /api/workspaces/:slug':
      return gone(await who.send(`/api/workspaces/${slug}`))
    case 'GET /api/runtimes':
      return gone(await who.send(`/api/runtimes?instance_id=${instance.id}`))
    case 'GET /api/slugs/:slug':
      return gone(await who.send(`/api/slugs/${n % 2 ? slug : organization.slug}`))
    case 'GET sessions':
      return gone(await who.send(`/api/chamber/workspaces/${slug}/sessions`))
    case 'POST chamber':
      return gone(await who.rest('POST', `/api/chamber/workspaces/${slug}/sessions`, { n }))
    case 'GET terminals':
      return gone(await who.send(`/api/chamber/workspaces/${slug}/terminal`))
    case 'POST terminal':
      return gone(await who.rest('POST', `/api/chamber/workspaces/${slug}/terminal`, { id: newId('terminal') }))
    case 'terminal by id': {
      const path = `/api/chamber/workspaces/${slug}/terminal/${terminals.get(target)}`
      const [method, rest, body] = (
        [
          ['GET', ''],
          ['PATCH', '', { title: `plain ${n}` }],
          ['POST', '/reopen'],
          ['GET', '/snapshot'],
          ['DELETE', '?force=1'],
        ] as const
      )[n % 5] ?? ['GET', '']
      return gone(await who.rest(method, path + rest, body))
    }
    case 'GET page':
      return gone(await who.send(`/${n % 2 ? slug : organization.slug}`))
  }
  const [router = ''] = operation.split('.')
  const named: Record<string, object> = {
    organization: { organization_slug: organization.slug },
    instance: { organization_slug: organization.slug },
    machine:
      operation.endsWith('list') || operation.endsWith('create')
        ? { instance_id: instance.id }
        : { machine_id: machine.id },
    workspace:
      operation.endsWith('list') || operation.endsWith('create')
        ? { instance_id: instance.id }
        : { workspace_slug: slug },
    slug: { slug: n % 2 ? slug : organization.slug },
    model: { instance_id: instance.id },
  }
  const more: Record<string, object> = {
    'organization.rename': { name: `plain ${n}` },
    'instance.get': { instance_slug: instance.slug },
    'instance.create': { name: `plain ${n}` },
    'machine.create': { name: `plain ${n}` },
    'machine.rename': { name: `plain ${n}` },
    'workspace.create': { name: `plain ${n}`, directory: `/srv/plain-${n}` },
    'workspace.rename': { name: `plain ${n}` },
  }
  const input = operation === 'organization.list' ? undefined : { ...named[router], ...more[operation] }
  const { body } = await who.rpc(operation, QUERY.test(operation) ? 'query' : 'mutation', input)
  return JSON.stringify(body)
}

/** A terminal of each tenant. */
const terminals = new WeakMap<Tenant, string>()

it('nothing of one organization is ever in an answer to the other', async () => {
  const step = fc.record({
    actor: fc.constantFrom('ann' as const, 'bob' as const),
    target: fc.constantFrom('own' as const, 'other' as const),
    operation: fc.constantFrom(...OPERATIONS),
    n: fc.nat(50),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
      const world = makeWorld()
      const ann = await world.tenant('ann')
      const bob = await world.tenant('bob')
      const tenants = { ann, bob }
      const marks: Record<'ann' | 'bob', string[]> = { ann: [], bob: [] }
      for (const name of ['ann', 'bob'] as const) {
        const session = newId('agent_session')
        const title = `${name} works on this`
        await projectSummary(world.app, tenants[name].runtime.runtime_id, {
          ...summaryOf(tenants[name].workspace.id, session),
          title,
        })
        const terminal = newId('terminal')
        const label = `${name} terminal`
        await tenants[name].owner.rest('POST', `/api/chamber/workspaces/${tenants[name].workspace.slug}/terminal`, {
          id: terminal,
          title: label,
        })
        terminals.set(tenants[name], terminal)
        marks[name] = marksOf(tenants[name], [session, title, terminal, label, `${name}@example.test`])
      }
      for (const { actor, target, operation, n } of steps) {
        const foreign = actor === 'ann' ? 'bob' : 'ann'
        const named = tenants[target === 'own' ? actor : foreign]
        let answer = await act(tenants[actor].owner, named, operation, n)
        // What the caller said may be said back, e.g. in the address of a page.
        if (target === 'own') for (const mark of marks[actor]) answer = answer.replaceAll(mark, '')
        for (const mark of marks[foreign]) expect(answer, operation).not.toContain(mark)
        for (const { target: at } of world.hub.tunnelled)
          expect(at.actor.user_id === (await userOf(ann)) ? ann.workspace.id : bob.workspace.id).toBe(at.workspace_id)
      }
    }),
    { numRuns: 12 },
  )
}, 60_000)

const known = new WeakMap<Tenant, string>()
async function userOf(tenant: Tenant): Promise<string> {
  const id = known.get(tenant) ?? (await tenant.owner.call('user', 'session', 'query')).user?.id ?? ''
  known.set(tenant, id)
  return id
}
