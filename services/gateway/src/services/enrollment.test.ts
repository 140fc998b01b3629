import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { schema } from '../database.ts'
import { makeWorld, type World } from '../testing/world.ts'
import { ENROLLMENT_MS } from './enrollment.ts'

const details = { label: 'box', os: 'linux', arch: 'x64', version: '1', boot_id: 'boot-12345' }
const enroll = (world: World, token: string) =>
  world.request('/rt/enroll', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, ...details }),
  })
const connect = async (world: World, id: string, token: string) => {
  const headers = { upgrade: 'websocket', authorization: `Bearer ${token}` }
  const response = await world.request(`/rt/connect/${id}`, { headers })
  return response.headers.get('x-test-refused') ?? response.headers.get('x-test-upgraded')
}

describe('enrolment', () => {
  it('works once; of many at the same moment one wins', async () => {
    const world = makeWorld()
    const { owner, machine } = await world.tenant('ann')
    const { token, command } = await owner.call('machine', 'enroll', 'mutation', { machine_id: machine.id })
    expect(command).not.toContain(token)
    const answers = await Promise.all([enroll(world, token), enroll(world, token), enroll(world, token)])
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 410, 410])
    expect((await enroll(world, token)).status).toBe(410)
    const live = await world.app.db.select().from(schema.runtime).where(eq(schema.runtime.status, 'enrolled'))
    expect(live).toHaveLength(1)
  })

  it('expires after fifteen minutes, and a newer token replaces an unused one', async () => {
    const world = makeWorld()
    const { owner, machine } = await world.tenant('ann')
    const first = await owner.call('machine', 'enroll', 'mutation', { machine_id: machine.id })
    const second = await owner.call('machine', 'enroll', 'mutation', { machine_id: machine.id })
    expect((await enroll(world, first.token)).status).toBe(410)
    world.advance(ENROLLMENT_MS)
    const late = await enroll(world, second.token)
    expect(late.status).toBe(410)
    expect(await late.json()).toMatchObject({ error: { code: 'LINK_EXPIRED' } })
  })

  it('revokes the runtime before, takes over its workspaces, and keeps nothing usable in the rows', async () => {
    const world = makeWorld()
    const { owner, machine, runtime, workspace } = await world.tenant('ann')
    const { token } = await owner.call('machine', 'enroll', 'mutation', { machine_id: machine.id })
    const next = (await (await enroll(world, token)).json()) as { runtime_id: string; runtime_token: string }
    expect(world.hub.closedRuntimes).toEqual([{ runtimeId: runtime.runtime_id, code: 4003 }])
    expect(await connect(world, runtime.runtime_id, runtime.runtime_token)).toBe('4003')
    expect(await connect(world, next.runtime_id, next.runtime_token)).toBe('1')
    const moved = await owner.call('workspace', 'get', 'query', { workspace_slug: workspace.slug })
    expect(moved.machine?.runtime_id).toBe(next.runtime_id)
    const history = await world.app.db.select().from(schema.workspace_assignment)
    expect(history.map((row) => [row.generation, row.ended_at === null])).toEqual([
      [1, false],
      [2, true],
    ])
    const everything = JSON.stringify([
      await world.app.db.select().from(schema.runtime),
      await world.app.db.select().from(schema.runtime_enrollment),
      await world.app.db.select().from(schema.audit_log),
      world.logs,
    ])
    for (const secret of [token, next.runtime_token, runtime.runtime_token]) expect(everything).not.toContain(secret)
  })

  it('is slowed down per address', async () => {
    const world = makeWorld()
    const statuses: number[] = []
    for (let i = 0; i < 11; i++) statuses.push((await enroll(world, `pilot_enr_${'x'.repeat(43)}`)).status)
    expect(statuses.at(-2)).toBe(410)
    expect(statuses.at(-1)).toBe(429)
  })

  it('is refused for a page of another site and for an archived machine', async () => {
    const world = makeWorld()
    const { owner, machine } = await world.tenant('ann')
    const response = await world.request('/rt/enroll', {
      method: 'POST',
      headers: { origin: 'https://evil.test', 'content-type': 'application/json' },
      body: '{}',
    })
    expect(response.status).toBe(403)
    await owner.call('machine', 'archive', 'mutation', { machine_id: machine.id })
    await expect(owner.call('machine', 'enroll', 'mutation', { machine_id: machine.id })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
  })
})

describe('a runtime token', () => {
  it('opens its own link and nothing else', async () => {
    const world = makeWorld()
    const ann = await world.tenant('ann')
    const bob = await world.tenant('bob')
    const { runtime_id, runtime_token } = ann.runtime
    expect(await connect(world, runtime_id, runtime_token)).toBe('1')
    expect(world.hub.runtimes).toEqual([
      { runtime_id, instance_id: ann.instance.id, organization_id: ann.organization.id },
    ])
    expect(await connect(world, bob.runtime.runtime_id, runtime_token)).toBe('4003')
    expect(await connect(world, 'rt_01m7ynhppyf2295dbbd20rc6v5', runtime_token)).toBe('4004')
    for (const id of ['rt_x', 'nothing', ann.machine.id]) expect(await connect(world, id, runtime_token)).toBe('4003')
    for (const token of ['', 'x', runtime_token.slice(0, -1), `${runtime_token}x`, 'x'.repeat(300)])
      expect(await connect(world, runtime_id, token)).toBe('4003')
    const headers = { authorization: `Bearer ${runtime_token}` }
    for (const path of ['/api/trpc/organization.list', `/api/workspaces/${ann.workspace.slug}`])
      expect((await world.request(path, { headers })).status).toBe(401)
  })

  it('dies with its revocation, at once', async () => {
    const world = makeWorld()
    const { owner, machine, runtime } = await world.tenant('ann')
    await owner.call('machine', 'revoke', 'mutation', { machine_id: machine.id })
    expect(world.hub.closedRuntimes).toEqual([{ runtimeId: runtime.runtime_id, code: 4003 }])
    expect(await connect(world, runtime.runtime_id, runtime.runtime_token)).toBe('4003')
  })
})
