import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeRepository, temporaryDirectory, testGit } from '../git/testing.ts'
import { assertCloneUrl, type CloneProgress, readProgress } from './clone.ts'
import { createWorkspaceRegistry, type WorkspaceOrder } from './registry.ts'
import { createWorkspaceStore } from './store.ts'

const git = testGit()
let base: string
let home: string
let remove: () => Promise<void>
let db: ReturnType<typeof openNodeSqlite>
let gone: string[]
let dirty: boolean

function open(now = () => new Date()) {
  return createWorkspaceRegistry({
    home,
    git,
    store: createWorkspaceStore(db),
    now,
    beforeRemove: async (_workspace, force) => {
      if (dirty && !force) throw new PilotError('WORKTREE_DIRTY')
    },
    onGone: (id) => gone.push(id),
  })
}
const order = (config: Record<string, unknown>, more: Partial<WorkspaceOrder> = {}): WorkspaceOrder => ({
  workspace_id: newId('workspace'),
  instance_id: newId('instance'),
  slug: 'shop-a1b2c3',
  name: 'shop',
  type: 'local',
  generation: 1,
  config,
  ...more,
})

beforeEach(async () => {
  const directory = await temporaryDirectory()
  remove = directory.remove
  base = directory.path
  home = join(base, 'home')
  await mkdir(home)
  db = openNodeSqlite()
  gone = []
  dirty = false
})
afterEach(() => remove())

test('a directory is checked, and every refusal says what to do', async () => {
  const registry = open()
  await mkdir(join(base, 'work/inner'), { recursive: true })
  await writeFile(join(base, 'file'), '')
  await symlink(join(base, 'work'), join(base, 'alias'))
  const first = order({ directory: join(base, 'alias') })
  expect(await registry.prepare(first)).toEqual({ root_path: join(base, 'work') })
  expect(await registry.prepare(first)).toEqual({ root_path: join(base, 'work') })

  const refused: [unknown, string][] = [
    [join(base, 'missing'), 'does not exist'],
    [join(base, 'file'), 'This is a file'],
    [join(base, 'file/x'), 'is a file'],
    ['relative/path', 'whole path'],
    ['/', 'root of the whole file system'],
    [home, 'belongs to Pilot'],
    [join(home, 'runtime'), 'does not exist'],
    [join(base, 'work'), 'inside the workspace "shop"'],
    [join(base, 'work/inner'), 'inside the workspace "shop"'],
    [base, 'holds the workspace "shop"'],
    [42, 'names no directory'],
  ]
  for (const [directory, sentence] of refused) {
    const attempt = registry.prepare(order({ directory }))
    await expect(attempt, String(directory)).rejects.toMatchObject({
      code: 'WORKSPACE_ROOT_INVALID',
      message: expect.stringContaining(sentence),
    })
  }
})

test('a directory that this user may not write is refused', async () => {
  const locked = join(base, 'locked')
  await mkdir(locked)
  await chmod(locked, 0o000)
  await chmod(base, 0o755)
  const script = `import { validateRoot } from ${JSON.stringify(join(import.meta.dirname, 'root.ts'))}
    await validateRoot(process.argv[1], { reserved: [], others: [] }).then(() => console.log('accepted'), (error) => console.log(error.code, error.details.reason))`
  // Root may read everything, so as root the check runs as nobody.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script, locked], {
    ...user,
    encoding: 'utf8',
  })
  expect(result.stdout.trim(), result.stderr).toBe('WORKSPACE_ROOT_INVALID unreadable')
  await chmod(locked, 0o700)
})

test('the demo repository is made where the setup names it', async () => {
  const registry = open()
  const demo = order({ directory: join(home, 'demo-shop') })
  await registry.applyWelcome([demo])
  expect(registry.get(demo.workspace_id)).toMatchObject({ problem: null, root_path: join(home, 'demo-shop') })
  expect(await readdir(join(home, 'demo-shop'))).toContain('package.json')
})

test('the list of the control plane decides, generations fence', async () => {
  const registry = open()
  await mkdir(join(base, 'one'))
  const one = order({ directory: join(base, 'one') }, { generation: 2 })
  const two = order({ directory: join(base, 'two') }, { name: 'two' })
  await registry.applyWelcome([one, two])
  expect(registry.get(two.workspace_id)?.problem).toMatchObject({ code: 'WORKSPACE_ROOT_INVALID' })
  await expect(registry.usableRoot(two.workspace_id)).rejects.toMatchObject({ code: 'WORKSPACE_ROOT_INVALID' })
  await mkdir(join(base, 'two'))
  expect(await registry.usableRoot(two.workspace_id)).toBe(join(base, 'two'))

  expect(registry.require(one.workspace_id, 2).slug).toBe(one.slug)
  expect(() => registry.require(one.workspace_id, 1)).toThrow(expect.objectContaining({ code: 'STALE_GENERATION' }))
  expect(() => registry.require(one.workspace_id, 3)).toThrow(expect.objectContaining({ code: 'WORKSPACE_NOT_READY' }))
  expect(() => registry.require(newId('workspace'), 1)).toThrow(
    expect.objectContaining({ code: 'WORKSPACE_NOT_FOUND' }),
  )

  // A restored backup offers an older generation: this one is in conflict, the other goes on.
  await registry.applyWelcome([{ ...one, generation: 1 }, two])
  expect(registry.get(one.workspace_id)).toMatchObject({ generation: 2, problem: { code: 'CONFLICT' } })
  expect(registry.get(two.workspace_id)?.problem).toBeNull()

  await registry.applyWelcome([two])
  expect(gone).toEqual([one.workspace_id])
  expect(registry.get(one.workspace_id)).toBeNull()
  // Another start remembers what was attached, and the generation of what was not.
  const again = open()
  expect(again.list().map((workspace) => workspace.workspace_id)).toEqual([two.workspace_id])
  await expect(again.prepare({ ...one, generation: 1 })).rejects.toMatchObject({ code: 'CONFLICT' })
  await again.prepare({ ...one, generation: 3 })
})

test('a repository is cloned whole or not at all, and goes to the trash', async () => {
  const origin = join(base, 'origin')
  await makeRepository(git, origin, { 'a.txt': 'a\n' })
  // The address check allows no local path, so the file protocol is reached through git's own rewriting.
  const configured = join(base, 'gitconfig')
  await writeFile(configured, `[url "file://${origin}"]\n\tinsteadOf = https://example.invalid/shop.git\n`)
  const cloning = {
    ...git,
    run: (args: readonly string[], options: Parameters<typeof git.run>[1]) =>
      git.run(args, { ...options, env: { ...options.env, GIT_CONFIG_GLOBAL: configured } }),
  }
  let now = new Date('2026-01-01T00:00:00Z')
  const registry = createWorkspaceRegistry({
    home,
    git: cloning,
    store: createWorkspaceStore(db),
    now: () => now,
    beforeRemove: async (_workspace, force) => {
      if (dirty && !force) throw new PilotError('WORKTREE_DIRTY')
    },
    onGone: (id) => gone.push(id),
  })
  const shop = order({ url: 'https://example.invalid/shop.git' }, { type: 'git' })
  const partial = join(home, 'runtime/workspaces', `.${shop.slug}.partial`)
  await mkdir(partial, { recursive: true })
  await registry.applyWelcome([shop])
  expect(registry.get(shop.workspace_id)?.problem).toMatchObject({ code: 'WORKSPACE_NOT_READY' })
  const progress: CloneProgress[] = []
  const { root_path } = await registry.prepare(shop, (step) => progress.push(step))
  expect(root_path).toBe(join(home, 'runtime/workspaces', shop.slug))
  expect(await readFile(join(root_path, 'a.txt'), 'utf8')).toBe('a\n')
  expect(progress.length).toBeGreaterThan(0)
  expect(await registry.prepare(shop)).toEqual({ root_path })

  const broken = order({ url: 'https://127.0.0.1:1/none.git' }, { type: 'git', slug: 'none' })
  await expect(registry.prepare(broken)).rejects.toMatchObject({ code: 'WORKSPACE_ROOT_INVALID' })
  expect(await readdir(join(home, 'runtime/workspaces'))).toEqual([shop.slug])

  dirty = true
  await expect(registry.remove(shop.workspace_id, false)).rejects.toMatchObject({ code: 'WORKTREE_DIRTY' })
  expect(registry.get(shop.workspace_id)?.problem).toBeNull()
  await registry.remove(shop.workspace_id, true)
  await registry.remove(shop.workspace_id, true)
  expect(gone).toContain(shop.workspace_id)
  expect(await readdir(join(home, 'runtime/workspaces'))).toEqual([])
  expect(await readdir(join(home, 'runtime/trash'))).toHaveLength(1)
  now = new Date('2026-01-07T00:00:00Z')
  await registry.purgeTrash()
  expect(await readdir(join(home, 'runtime/trash'))).toHaveLength(1)
  now = new Date('2026-01-09T00:00:00Z')
  await registry.purgeTrash()
  expect(await readdir(join(home, 'runtime/trash'))).toEqual([])
})

test('removing a local workspace leaves its directory alone', async () => {
  const registry = open()
  await mkdir(join(base, 'one'))
  await writeFile(join(base, 'one/a'), 'a')
  const one = order({ directory: join(base, 'one') })
  await registry.prepare(one)
  await registry.remove(one.workspace_id, true)
  expect(await readFile(join(base, 'one/a'), 'utf8')).toBe('a')
  await rm(join(base, 'one'), { recursive: true })
})

test('only addresses that git may be given', () => {
  for (const url of [
    'https://github.com/a/b.git',
    'ssh://git@host:22/a',
    'git@github.com:a/b.git',
    'https://[::1]/a',
  ]) {
    expect(() => assertCloneUrl(url), url).not.toThrow()
  }
  const refused = [
    '--upload-pack=touch /tmp/x',
    '-u',
    'ext::sh -c id',
    'file:///etc',
    '/etc',
    '../x',
    'http://host/a',
    'git://host/a',
    'ssh://-oProxyCommand=x/a',
    '-x@host:a',
    'git@-host:a',
    'git@host:-a',
    'https://user:password@host/a',
    'https://token@host/a',
    'https://host/a b',
    'https://host/a\nb',
    '',
  ]
  for (const url of refused) expect(() => assertCloneUrl(url), url).toThrow()
  expect(readProgress('remote: Counting objects:  12% (1/8)\rReceiving objects:  45% (9/20), 1 MiB')).toEqual({
    step: 'Receiving objects',
    percent: 45,
  })
  expect(readProgress('Cloning into x')).toBeNull()
})
