import { newId } from '@pilot/domain/ids'
import { describe, expect, it } from 'vitest'
import { schema } from '../database.ts'
import { summaryOf } from '../testing/summary.ts'
import { makeWorld } from '../testing/world.ts'
import { makeHubBackend } from './hub-backend.ts'

const hello = {
  version: '2.0.0',
  os: 'linux',
  arch: 'arm64',
  boot_id: 'boot-99999',
  capabilities: { git: true },
  system: { cpus: 4, ram: 8_000, secret: 'no' },
}

describe('presence', () => {
  it('makes a machine active at its first hello and prepares what waited for it', async () => {
    const world = makeWorld()
    const { owner, instance, runtime, machine } = await world.tenant('ann')
    const backend = makeHubBackend(world.app)
    world.hub.online.delete(runtime.runtime_id)
    await world.app.db.update(schema.workspace).set({ status: 'creating', root_path: null })
    world.hub.online.add(runtime.runtime_id)
    await backend.onPresence(runtime.runtime_id, { online: true, at: new Date(1_000), hello })
    await world.settle()
    const list = await owner.call('machine', 'list', 'query', { instance_id: instance.id })
    expect(list.items).toMatchObject([
      {
        id: machine.id,
        phase: 'active',
        workspaces: 1,
        runtime: { online: true, version: '2.0.0', system: { cpus: 4, ram: 8_000 } },
      },
    ])
    const workspaces = await owner.call('workspace', 'list', 'query', { instance_id: instance.id })
    expect(workspaces.items).toMatchObject([{ status: 'ready', root_path: '/home/ann/shop' }])
  })

  it('of a revoked runtime writes nothing', async () => {
    const world = makeWorld()
    const { owner, machine, runtime } = await world.tenant('ann')
    await owner.call('machine', 'revoke', 'mutation', { machine_id: machine.id })
    await makeHubBackend(world.app).onPresence(runtime.runtime_id, { online: true, at: new Date(), hello })
    const [row] = await world.app.db.select().from(schema.runtime)
    expect(row).toMatchObject({ status: 'revoked', version: '1' })
    expect(await makeHubBackend(world.app).welcome(runtime.runtime_id)).toEqual({ workspaces: [], model: null })
  })
})

describe('summaries', () => {
  it('are written only when newer, and only for workspaces of that runtime', async () => {
    const world = makeWorld()
    const ann = await world.tenant('ann')
    const bob = await world.tenant('bob')
    const backend = makeHubBackend(world.app)
    const id = newId('agent_session')
    const base = summaryOf(ann.workspace.id, id)
    const titles = async () => (await world.app.db.select().from(schema.agent_session)).map((row) => row.title)
    const tell = (runtime: typeof ann.runtime, change: object) =>
      backend.onSummary(runtime.runtime_id, { ...base, ...change })
    await tell(ann.runtime, { seq: 5, title: 'five' })
    await tell(ann.runtime, { seq: 4, title: 'four' })
    await tell(ann.runtime, { seq: 5, title: 'five again' })
    expect(await titles()).toEqual(['five'])
    await tell(ann.runtime, { seq: 6, title: 'six', attention: 'permission', status: 'waiting' })
    await tell(ann.runtime, { epoch: 'e2', seq: 1, title: 'new epoch', status: 'busy' })
    expect(await titles()).toEqual(['new epoch'])
    await tell(bob.runtime, { seq: 99, title: 'forged' })
    await tell(bob.runtime, { seq: 99, title: 'forged', workspace_id: bob.workspace.id })
    await tell(bob.runtime, { deleted: true })
    expect(await titles()).toEqual(['new epoch'])
    const view = await ann.owner.call('workspace', 'get', 'query', { workspace_slug: ann.workspace.slug })
    expect(view.sessions).toEqual({ waiting: 0, working: 1, total: 1 })
    await tell(ann.runtime, { deleted: true })
    expect(await titles()).toEqual([])
  })

  it('are listed by their last activity, in pages', async () => {
    const world = makeWorld()
    const { owner, workspace, runtime } = await world.tenant('ann')
    const backend = makeHubBackend(world.app)
    for (const minute of [3, 1, 2, 2])
      await backend.onSummary(runtime.runtime_id, {
        ...summaryOf(workspace.id, newId('agent_session')),
        title: String(minute),
        last_activity_at: `2026-01-01T00:0${minute}:00.000Z`,
      })
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await owner.call('workspace', 'sessions', 'query', {
        workspace_slug: workspace.slug,
        limit: 1,
        cursor,
      })
      seen.push(...page.items.map((item) => item.title))
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect(seen).toEqual(['3', '2', '2', '1'])
  })
})

describe('open sockets', () => {
  it('are allowed while session, role, pin and generation are what they were', async () => {
    const world = makeWorld()
    const { owner, organization, instance, workspace, runtime, machine } = await world.tenant('ann')
    const [session] = await world.app.db.select().from(schema.session)
    const backend = makeHubBackend(world.app)
    if (!session || !backend.viewerAllowed || !backend.memberAllowed) throw new Error('nothing to test')
    const viewer = {
      runtime_id: runtime.runtime_id,
      organization_id: organization.id,
      instance_id: instance.id,
      workspace_id: workspace.id,
      generation: 1,
      user_id: session.user_id,
      role: 'owner' as const,
      session_id: session.id,
      read_only: false,
    }
    expect(await backend.viewerAllowed(viewer)).toBe(true)
    expect(await backend.viewerAllowed({ ...viewer, role: 'member' })).toBe(false)
    expect(await backend.viewerAllowed({ ...viewer, generation: 2 })).toBe(false)
    expect(await backend.memberAllowed(viewer)).toBe(true)
    await world.enrol(owner, machine.id)
    expect(await backend.viewerAllowed(viewer)).toBe(false)
    await owner.rest('POST', '/api/auth/sign-out')
    expect(await backend.memberAllowed(viewer)).toBe(false)
    expect(world.hub.closedSessions).toEqual([session.id])
  })
})
