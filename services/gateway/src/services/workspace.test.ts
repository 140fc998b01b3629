import { PilotError } from '@pilot/domain/errors'
import { describe, expect, it } from 'vitest'
import { schema } from '../database.ts'
import { makeWorld } from '../testing/world.ts'
import { normalizeDirectory, overlap } from './directory.ts'

describe('creating a workspace', () => {
  it('keeps what the machine says is wrong, and retry prepares again', async () => {
    const world = makeWorld()
    const { owner, instance } = await world.tenant('ann')
    world.hub.onCommand = async () => {
      throw new PilotError('WORKSPACE_ROOT_INVALID', 'The directory does not exist on this machine.')
    }
    const broken = await owner.call('workspace', 'create', 'mutation', {
      instance_id: instance.id,
      name: 'Broken',
      directory: '/home/ann/missing',
    })
    expect(broken).toMatchObject({
      status: 'error',
      error: { code: 'WORKSPACE_ROOT_INVALID', message: 'The directory does not exist on this machine.' },
    })
    const refused = await owner.send(`/api/chamber/workspaces/${broken.slug}/workspace`)
    expect([refused.status, await refused.json()]).toMatchObject([409, { error: { code: 'WORKSPACE_ROOT_INVALID' } }])
    world.hub.onCommand = async () => ({ root_path: '/home/ann/missing' })
    const fixed = await owner.call('workspace', 'retry', 'mutation', { workspace_slug: broken.slug })
    expect(fixed).toMatchObject({ status: 'ready', error: null, root_path: '/home/ann/missing' })
  })

  it('tells the machine everything it needs, once', async () => {
    const world = makeWorld()
    const { workspace, runtime } = await world.tenant('ann')
    expect(world.hub.commands).toMatchObject([
      {
        runtimeId: runtime.runtime_id,
        message: {
          type: 'workspace.prepare',
          workspace_id: workspace.id,
          generation: 1,
          actor: { role: 'owner' },
          workspace: { type: 'local', config: { directory: '/home/ann/shop' }, slug: workspace.slug },
        },
      },
    ])
    expect(world.hub.refreshed).toEqual([runtime.runtime_id])
  })

  it('an answer that is not understood, and one that never comes, are no success', async () => {
    const world = makeWorld()
    const { owner, instance } = await world.tenant('ann')
    world.hub.onCommand = async () => ({ nothing: true })
    const make = (directory: string) =>
      owner.call('workspace', 'create', 'mutation', { instance_id: instance.id, name: 'A', directory })
    expect(await make('/home/ann/a')).toMatchObject({ status: 'error', error: { code: 'RUNTIME_ERROR' } })
    world.hub.onCommand = async () => {
      throw new PilotError('RUNTIME_TIMEOUT')
    }
    expect(await make('/home/ann/b')).toMatchObject({ status: 'creating', error: null })
  })

  it('refuses before anything is stored', async () => {
    const world = makeWorld()
    const { owner, instance, runtime, workspace } = await world.tenant('ann')
    const other = await world.tenant('bob')
    const before = (await world.app.db.select().from(schema.workspace)).length
    const make = (input: object) =>
      owner.rpc('workspace.create', 'mutation', { instance_id: instance.id, name: 'A', directory: '/srv/a', ...input })
    const cases: [object, string][] = [
      [{ directory: '/home/ann/shop' }, 'WORKSPACE_ROOT_INVALID'],
      [{ directory: '/home/ann/shop/' }, 'WORKSPACE_ROOT_INVALID'],
      [{ directory: '/home/ann/shop/sub' }, 'WORKSPACE_ROOT_INVALID'],
      [{ directory: '/home/ann' }, 'WORKSPACE_ROOT_INVALID'],
      [{ directory: 'relative' }, 'WORKSPACE_ROOT_INVALID'],
      [{ directory: '/a/../b' }, 'WORKSPACE_ROOT_INVALID'],
      [{ directory: '/' }, 'WORKSPACE_ROOT_INVALID'],
      [{ directory: undefined }, 'WORKSPACE_ROOT_INVALID'],
      [{ slug: workspace.slug }, 'SLUG_TAKEN'],
      [{ slug: other.workspace.slug }, 'SLUG_TAKEN'],
      [{ slug: other.organization.slug }, 'SLUG_TAKEN'],
      [{ slug: 'login' }, 'SLUG_RESERVED'],
      [{ slug: 'Größe' }, 'VALIDATION_FAILED'],
      [{ slug: 'x'.repeat(70) }, 'VALIDATION_FAILED'],
      [{ runtime_id: other.runtime.runtime_id }, 'NO_ELIGIBLE_RUNTIME'],
      [{ type: 'mount' }, 'FEATURE_DISABLED'],
      [{ type: 'sync' }, 'CAPABILITY_UNSUPPORTED'],
      [{ type: 'git', url: 'file:///etc' }, 'VALIDATION_FAILED'],
      [{ type: 'git', url: '--upload-pack=x' }, 'VALIDATION_FAILED'],
      [{ type: 'git', url: 'https://token@host.test/a' }, 'VALIDATION_FAILED'],
    ]
    for (const [input, code] of cases) {
      const { body } = await make(input)
      expect([input, body.error?.data.code]).toEqual([input, code])
    }
    world.hub.online.delete(runtime.runtime_id)
    expect((await make({})).body.error?.data.code).toBe('NO_ELIGIBLE_RUNTIME')
    expect(await world.app.db.select().from(schema.workspace)).toHaveLength(before)
    expect(await world.app.db.select().from(schema.slug_alias)).toHaveLength(4)
  })

  it('counts against the limits', async () => {
    const world = makeWorld({
      limits: {
        organizations_per_user: 1,
        instances_per_organization: 1,
        machines_per_instance: 1,
        workspaces_per_instance: 1,
        terminals_per_runtime: 1,
      },
    })
    const { owner, organization, instance } = await world.tenant('ann')
    for (const [path, input] of [
      ['organization.create', { name: 'B' }],
      ['instance.create', { organization_slug: organization.slug, name: 'B' }],
      ['machine.create', { instance_id: instance.id, name: 'B' }],
      ['workspace.create', { instance_id: instance.id, name: 'B', directory: '/srv/b' }],
    ] as const)
      expect((await owner.rpc(path, 'mutation', input)).body.error?.data.code).toBe('LIMIT_REACHED')
  })
})

describe('addresses', () => {
  it('of two that want the same slug at once one gets it', async () => {
    const world = makeWorld()
    const ann = await world.tenant('ann')
    const bob = await world.tenant('bob')
    const claim = ({ owner, instance }: typeof ann, directory: string) =>
      owner.rpc('workspace.create', 'mutation', { instance_id: instance.id, name: 'A', slug: 'the-shop', directory })
    const answers = await Promise.all([claim(ann, '/srv/a'), claim(bob, '/srv/b')])
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409])
  })

  it('keep leading to a renamed workspace for 90 days, and belong to nobody else', async () => {
    const world = makeWorld()
    const ann = await world.tenant('ann')
    const bob = await world.tenant('bob')
    const old = ann.workspace.slug
    await ann.owner.call('workspace', 'rename', 'mutation', { workspace_slug: old, slug: 'brand-new' })
    const resolved = await ann.owner.call('slug', 'resolve', 'query', { slug: old })
    expect(resolved).toEqual({ kind: 'workspace', id: ann.workspace.id, slug: 'brand-new', current: false })
    expect((await ann.owner.call('workspace', 'get', 'query', { workspace_slug: old })).slug).toBe('brand-new')
    const take = () => bob.owner.rpc('workspace.rename', 'mutation', { workspace_slug: bob.workspace.slug, slug: old })
    expect((await take()).body.error?.data.code).toBe('SLUG_TAKEN')
    expect(await bob.owner.call('slug', 'available', 'query', { slug: old })).toMatchObject({ available: false })
    await ann.owner.call('workspace', 'rename', 'mutation', { workspace_slug: 'brand-new', slug: old })
    await ann.owner.call('workspace', 'rename', 'mutation', { workspace_slug: old, slug: 'brand-new' })
    world.advance(91 * 24 * 3_600_000)
    const later = await world.signIn('bob@example.test')
    expect(await later.call('slug', 'available', 'query', { slug: old })).toMatchObject({ available: true })
    const taken = await later.rpc('workspace.rename', 'mutation', { workspace_slug: bob.workspace.slug, slug: old })
    expect(taken.status).toBe(200)
  })
})

describe('the life of a workspace', () => {
  it('archive, restore, delete; the directory is not touched', async () => {
    const world = makeWorld()
    const { owner, workspace, instance, runtime } = await world.tenant('ann')
    const at = { workspace_slug: workspace.slug }
    expect((await owner.call('workspace', 'archive', 'mutation', at)).status).toBe('archived')
    expect((await owner.call('workspace', 'list', 'query', { instance_id: instance.id })).items).toEqual([])
    expect((await owner.send(`/api/chamber/workspaces/${workspace.slug}/health`)).status).toBe(409)
    expect((await owner.call('workspace', 'restore', 'mutation', at)).status).toBe('ready')
    expect((await owner.rest('DELETE', `/api/workspaces/${workspace.slug}`)).status).toBe(204)
    await world.settle()
    expect(world.hub.commands.at(-1)).toMatchObject({
      runtimeId: runtime.runtime_id,
      message: { type: 'workspace.remove', force: false },
    })
    expect((await owner.rpc('workspace.get', 'query', at)).status).toBe(404)
    expect(await owner.call('slug', 'available', 'query', { slug: workspace.slug })).toMatchObject({ available: false })
  })

  it('a machine with workspaces is deleted only by force, and they say why', async () => {
    const world = makeWorld()
    const { owner, machine, workspace, runtime } = await world.tenant('ann')
    const at = { machine_id: machine.id }
    await expect(owner.call('machine', 'delete', 'mutation', at)).rejects.toMatchObject({
      code: 'MACHINE_HAS_WORKSPACES',
    })
    await owner.call('machine', 'delete', 'mutation', { ...at, force: true })
    expect(world.hub.closedRuntimes).toEqual([{ runtimeId: runtime.runtime_id, code: 4003 }])
    const left = await owner.call('workspace', 'get', 'query', { workspace_slug: workspace.slug })
    expect(left).toMatchObject({ status: 'error', machine: null, error: { code: 'MACHINE_NOT_FOUND' } })
  })

  it('is the same over REST', async () => {
    const world = makeWorld()
    const { owner, instance } = await world.tenant('ann')
    const made = await owner.rest('POST', '/api/workspaces', {
      instance_id: instance.id,
      name: 'Rest',
      slug: 'rest-shop',
      directory: '/srv/rest',
    })
    expect([made.status, await made.json()]).toMatchObject([201, { slug: 'rest-shop', status: 'ready' }])
    const renamed = await owner.rest('PATCH', '/api/workspaces/rest-shop', { name: 'Renamed' })
    expect(await renamed.json()).toMatchObject({ name: 'Renamed' })
    expect((await owner.rest('PATCH', '/api/workspaces/rest-shop', {})).status).toBe(400)
    const list = await owner.send(`/api/workspaces?instance_id=${instance.id}&limit=1`)
    const page = (await list.json()) as { items: unknown[]; next_cursor: string }
    expect(page.items).toHaveLength(1)
    const rest = await owner.send(`/api/workspaces?instance_id=${instance.id}&cursor=${page.next_cursor}`)
    expect(await rest.json()).toMatchObject({ items: [{ slug: 'rest-shop' }], next_cursor: null })
    expect((await owner.send(`/api/workspaces?instance_id=${instance.id}&cursor=x`)).status).toBe(400)
    const runtimes = await owner.send(`/api/runtimes?instance_id=${instance.id}`)
    expect(await runtimes.json()).toMatchObject({ items: [{ online: true, label: 'box' }] })
  })
})

describe('directories', () => {
  it.each([
    ['/a//b/./c/', '/a/b/c'],
    [' /home/ann ', '/home/ann'],
  ])('%j becomes %s', (given, expected) => expect(normalizeDirectory(given)).toBe(expected))
  it.each(['', '   ', 'a', './a', '/a/../b', '/', '/a\0b', '/a\nb', '/\ud800', 'C:\\x'])('%j is refused', (given) =>
    expect(() => normalizeDirectory(given)).toThrow(expect.objectContaining({ code: 'WORKSPACE_ROOT_INVALID' })),
  )
  it.each([
    ['/a', '/a', 'same'],
    ['/a/b', '/a', 'inside'],
    ['/a', '/a/b', 'around'],
    ['/ab', '/a', null],
  ])('%s and %s: %s', (one, other, expected) => expect(overlap(one, other)).toBe(expected))
})
