import { describe, expect, it } from 'vitest'
import { schema } from '../database.ts'
import { makeWorld, type Person, type World } from '../testing/world.ts'

async function memberOf(world: World, who: Person) {
  const user = (await who.call('user', 'session', 'query')).user
  const rows = await world.app.db.select().from(schema.organization_user_membership)
  const row = rows.find((each) => each.user_id === user?.id)
  if (!row) throw new Error('no member')
  return row.id
}

describe('members', () => {
  it('an organization always keeps an owner, also when two leave at once', async () => {
    const world = makeWorld()
    const { owner, organization } = await world.tenant('ann')
    const at = { organization_slug: organization.slug }
    const first = await memberOf(world, owner)
    for (const change of [
      owner.rpc('organization.set_role', 'mutation', { ...at, member_id: first, role: 'member' }),
      owner.rpc('organization.remove_member', 'mutation', { ...at, member_id: first }),
    ])
      expect((await change).body.error?.data.code).toBe('LAST_OWNER')
    const second = await world.join(organization.id, 'second@example.test', 'owner')
    const secondId = await memberOf(world, second)
    const both = await Promise.all([
      owner.rpc('organization.set_role', 'mutation', { ...at, member_id: secondId, role: 'member' }),
      second.rpc('organization.set_role', 'mutation', { ...at, member_id: first, role: 'member' }),
    ])
    // The slower one finds itself the last owner, or no owner any more.
    expect(both.filter((answer) => answer.status === 200)).toHaveLength(1)
    const rows = await world.app.db.select().from(schema.organization_user_membership)
    expect(rows.filter((row) => row.role === 'owner')).toHaveLength(1)
  })

  it('only owners touch owners; who leaves loses the open sockets', async () => {
    const world = makeWorld()
    const { owner, organization } = await world.tenant('ann')
    const admin = await world.join(organization.id, 'admin@example.test', 'admin')
    const member = await world.join(organization.id, 'member@example.test', 'member')
    const at = { organization_slug: organization.slug }
    const [ownerId, adminId, memberId] = [
      await memberOf(world, owner),
      await memberOf(world, admin),
      await memberOf(world, member),
    ]
    const refused = async (who: Person, path: string, input: object) =>
      (await who.rpc(path, 'mutation', { ...at, ...input })).body.error?.data.code
    expect(await refused(admin, 'organization.set_role', { member_id: memberId, role: 'owner' })).toBe('FORBIDDEN')
    expect(await refused(admin, 'organization.set_role', { member_id: ownerId, role: 'member' })).toBe('FORBIDDEN')
    expect(await refused(admin, 'organization.remove_member', { member_id: ownerId })).toBe('FORBIDDEN')
    expect(await refused(admin, 'organization.set_role', { member_id: adminId, role: 'owner' })).toBe('FORBIDDEN')
    await admin.call('organization', 'remove_member', 'mutation', { ...at, member_id: memberId })
    expect(world.hub.closedSessions).toHaveLength(1)
    expect((await member.rpc('organization.get', 'query', at)).status).toBe(404)
  })

  it('are listed in pages', async () => {
    const world = makeWorld()
    const { owner, organization } = await world.tenant('ann')
    for (const name of ['b', 'c', 'd']) await world.join(organization.id, `${name}@example.test`, 'member')
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const input = { organization_slug: organization.slug, limit: 2, cursor }
      const page = await owner.call('organization', 'members', 'query', input)
      seen.push(...page.items.map((item) => item.email))
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect(seen.sort()).toEqual(['ann@example.test', 'b@example.test', 'c@example.test', 'd@example.test'])
  })
})

it('a deleted organization is gone with everything, and its addresses stay taken', async () => {
  const world = makeWorld()
  const { owner, organization, workspace, runtime } = await world.tenant('ann')
  await owner.call('organization', 'delete', 'mutation', { organization_slug: organization.slug })
  for (const table of [schema.organization, schema.instance, schema.machine, schema.runtime, schema.workspace])
    expect(await world.app.db.select().from(table)).toEqual([])
  expect(world.hub.closedRuntimes).toEqual([{ runtimeId: runtime.runtime_id, code: 4003 }])
  for (const slug of [organization.slug, workspace.slug]) {
    expect(await owner.call('slug', 'available', 'query', { slug })).toMatchObject({ code: 'SLUG_TAKEN' })
    expect((await owner.rpc('slug.resolve', 'query', { slug })).status).toBe(404)
  }
})

it('every privileged act leaves one row with who, what, where from and which request', async () => {
  const world = makeWorld()
  const { owner, organization, instance, machine } = await world.tenant('ann')
  await owner.call('instance', 'rename', 'mutation', { instance_id: instance.id, name: 'Renamed' })
  await owner.call('model', 'set', 'mutation', { instance_id: instance.id, provider: 'openai', api_key: 'k' })
  await owner.call('machine', 'revoke', 'mutation', { machine_id: machine.id })
  const rows = await world.app.db.select().from(schema.audit_log)
  const user = (await owner.call('user', 'session', 'query')).user
  const actions = rows.filter((row) => row.organization_id === organization.id).map((row) => row.action)
  expect(actions).toEqual([
    'organization.create',
    'instance.create',
    'machine.create',
    'machine.enroll',
    'runtime.enrolled',
    'workspace.create',
    'instance.rename',
    'model.set',
    'machine.revoke',
  ])
  for (const row of rows.filter((each) => each.organization_id !== null))
    expect(row).toMatchObject({ actor_user_id: user?.id, ip: '127.0.0.1', request_id: expect.stringMatching(/^req/) })
})
