import type { Id } from '@pilot/domain/ids'
import { describe, expect, it } from 'vitest'
import { schema } from '../database.ts'
import { makeHubBackend } from '../runtime/hub-backend.ts'
import { redeemEnrollment } from '../services/enrollment.ts'
import { makeWorld, ORIGIN } from '../testing/world.ts'
import { makeControlApp } from './control-app.ts'

function setup() {
  const world = makeWorld()
  const local: { id: Id<'runtime'> | null } = { id: null }
  const control = makeControlApp(world.app, { url: `${ORIGIN}/`, pid: 1, localIdentity: async () => local.id })
  const post = async (path: string, body: object = {}) => {
    const response = await control.request(path, { method: 'POST', body: JSON.stringify(body) })
    return { status: response.status, body: (await response.json()) as Record<string, never> }
  }
  const input = { user_name: 'ann', machine_name: 'box', directory: null, demo_directory: '/data/demo-shop' }
  const run = async (change: object = {}) =>
    (await post('/local-setup', { ...input, ...change })).body as unknown as Result
  const enrol = async (token: string) => {
    const details = { token, label: 'box', os: 'linux', arch: 'x64', version: '1', boot_id: 'boot-12345' }
    local.id = (await redeemEnrollment(world.app, details, { request_id: 'req-1234', ip: 'x' })).runtime_id
    world.hub.online.add(local.id)
    const hello = { version: '1', os: 'linux', arch: 'x64', boot_id: 'b', capabilities: {}, system: {} }
    await makeHubBackend(world.app).onPresence(local.id, { online: true, at: new Date(), hello })
    await world.settle()
    return local.id
  }
  return { world, control, post, run, enrol, local }
}
interface Result {
  runtime: { enrollment_token?: string; runtime_id?: string }
  workspace_slug: string | null
}

describe('local setup', () => {
  it('makes everything once, and the workspace becomes ready with the first hello', async () => {
    const { world, run, enrol } = setup()
    const [first, second] = await Promise.all([run(), run()])
    expect(first.workspace_slug).toBe(second.workspace_slug)
    const id = await enrol(second.runtime.enrollment_token ?? '')
    expect(await run()).toEqual({ runtime: { runtime_id: id }, workspace_slug: first.workspace_slug })
    for (const table of [
      schema.user,
      schema.organization,
      schema.instance,
      schema.machine,
      schema.runtime,
      schema.workspace,
    ])
      expect(await world.app.db.select().from(table)).toHaveLength(1)
    const [workspace] = await world.app.db.select().from(schema.workspace)
    expect(workspace).toMatchObject({
      status: 'ready',
      root_path: '/data/demo-shop',
      name: 'demo-shop',
      runtime_id: id,
    })
  })

  it('gives a new token to a daemon that lost its identity', async () => {
    const { run, enrol, local } = setup()
    await enrol((await run()).runtime.enrollment_token ?? '')
    local.id = null
    expect((await run()).runtime.enrollment_token).toMatch(/^pilot_enr_/)
  })

  it('adds a named directory, finds it again, and brings nothing back that was deleted', async () => {
    const { world, run, enrol } = setup()
    const demo = await run()
    await enrol(demo.runtime.enrollment_token ?? '')
    const named = await run({ directory: '/home/ann/shop/' })
    await world.settle()
    expect(named.workspace_slug).not.toBe(demo.workspace_slug)
    for (const directory of ['/home/ann/shop', '/home/ann/shop/sub'])
      expect((await run({ directory })).workspace_slug).toBe(named.workspace_slug)
    await world.app.db.update(schema.workspace).set({ deleted_at: new Date(), status: 'deleted' })
    expect((await run()).workspace_slug).toBeNull()
  })

  it('refuses what is not understood', async () => {
    const { post } = setup()
    expect(await post('/local-setup', { user_name: 'ann' })).toMatchObject({
      status: 400,
      body: { error: { code: 'VALIDATION_FAILED' } },
    })
    expect((await post('/nothing')).status).toBe(404)
  })
})

describe('owner link', () => {
  it('signs in who owns what the setup made', async () => {
    const { world, post, run } = setup()
    await run()
    const { body } = await post('/owner-link')
    const token = String(body.url).split('#owner=')[1]
    const response = await world.request('/api/auth/owner-link/redeem', {
      method: 'POST',
      headers: { origin: ORIGIN, 'x-pilot-csrf': '1' },
      body: JSON.stringify({ token }),
    })
    const owner = world.person(response)
    expect(await owner.call('organization', 'list', 'query')).toMatchObject([{ role: 'owner' }])
  })
})
