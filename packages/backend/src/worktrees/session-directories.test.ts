import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { commitAll, makeRepository, temporaryDirectory, testGit, writeFiles } from '../git/testing.ts'
import { createSessionDirectories } from './session-directories.ts'
import { createWorktreeStore } from './store.ts'
import { worktreeName } from './worktree-name.ts'

const git = testGit()
const workspace_id = newId('workspace')
let home: string
let repo: string
let remove: () => Promise<void>
let store: ReturnType<typeof createWorktreeStore>
let directories: ReturnType<typeof createSessionDirectories>

function open(root: () => string = () => repo) {
  return createSessionDirectories({
    git,
    store,
    worktreesHome: join(home, 'worktrees'),
    workspaceRoot: async () => root(),
  })
}

beforeEach(async () => {
  const directory = await temporaryDirectory()
  remove = directory.remove
  home = join(directory.path, 'home')
  repo = join(directory.path, 'repo')
  store = createWorktreeStore(openNodeSqlite())
  directories = open()
})
afterEach(() => remove())

const session = (title = 'Fix the cart') => ({ session_id: newId('agent_session'), workspace_id, title })

test('a session gets its own branch and directory, and the main checkout stays as it was', async () => {
  const head = await makeRepository(git, repo, { 'a.txt': 'a\n' })
  await writeFiles(repo, { 'mine.txt': 'not committed' })
  const input = session('Fix the çart – now!')
  const made = await directories.create(input)
  expect(made.worktree).toMatchObject({ base_ref: 'main', base_sha: head })
  expect(made.worktree?.branch).toMatch(/^pilot\/fix-the-cart-now-[0-9a-z]{6}$/)
  expect(made.directory.startsWith(join(home, 'worktrees', workspace_id))).toBe(true)
  expect(await readFile(join(made.directory, 'a.txt'), 'utf8')).toBe('a\n')
  expect(await directories.create(input)).toEqual(made)

  await writeFiles(made.directory, { 'a.txt': 'changed\n' })
  const { changes } = await directories.changes(input.session_id)
  expect(changes).toEqual([{ path: 'a.txt', kind: 'modified', additions: 1, deletions: 1 }])
  expect((await directories.diff(input.session_id)).files[0]?.patch).toContain('+changed')
  expect(await readFile(join(repo, 'a.txt'), 'utf8')).toBe('a\n')
  expect((await git.text(['status', '--porcelain'], { cwd: repo })).trim()).toBe('?? mine.txt')
  expect((await git.text(['symbolic-ref', 'HEAD'], { cwd: repo })).trim()).toBe('refs/heads/main')
})

test('a dirty worktree is removed only by force; commits stay on their branch', async () => {
  await makeRepository(git, repo, { 'a.txt': 'a\n' })
  const input = session()
  const made = await directories.create(input)
  const branch = made.worktree?.branch ?? ''
  await writeFiles(made.directory, { 'new.txt': 'n' })
  await expect(directories.remove(input.session_id, { force: false })).rejects.toMatchObject({ code: 'WORKTREE_DIRTY' })
  expect(await readFile(join(made.directory, 'new.txt'), 'utf8')).toBe('n')
  await commitAll(git, made.directory, 'work')
  await directories.remove(input.session_id, { force: false })
  await directories.remove(input.session_id, { force: false })
  await expect(readdir(made.directory)).rejects.toThrow()
  expect(await git.text(['branch', '--list', branch], { cwd: repo })).toContain(branch)
  await expect(directories.create(input)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })

  const empty = session()
  const second = await directories.create(empty)
  await writeFiles(second.directory, { x: 'x' })
  await directories.remove(empty.session_id, { force: true })
  expect(await git.text(['branch', '--list', second.worktree?.branch ?? ''], { cwd: repo })).toBe('')
  expect(await git.text(['worktree', 'list'], { cwd: repo })).not.toContain(home)
})

test('an interrupted creation is finished by repeating it, whatever it left', async () => {
  await makeRepository(git, repo, { 'a.txt': 'a\n' })
  const input = session()
  const made = await directories.create(input)
  const row = store.get(input.session_id)
  store.setState(row?.id ?? '', 'creating')
  await rm(join(made.directory, 'a.txt'))
  const again = await open().create(input)
  expect(again).toEqual(made)
  expect(await readFile(join(made.directory, 'a.txt'), 'utf8')).toBe('a\n')

  // A worktree that somebody deleted by hand comes back from its branch.
  await writeFiles(made.directory, { 'b.txt': 'b\n' })
  await commitAll(git, made.directory, 'work')
  await rm(made.directory, { recursive: true })
  await directories.create(input)
  expect(await readFile(join(made.directory, 'b.txt'), 'utf8')).toBe('b\n')
})

test('what cannot hold a worktree says what to do', async () => {
  await mkdir(repo)
  const plain = session()
  expect(await directories.create(plain)).toEqual({ directory: repo, worktree: null })
  expect(await directories.changes(plain.session_id)).toEqual({ changes: [], truncated: false })
  await directories.remove(plain.session_id, { force: false })
  expect(await readdir(repo)).toEqual([])

  await git.text(['init', '--quiet'], { cwd: repo })
  const empty = directories.create(session())
  await expect(empty).rejects.toMatchObject({
    code: 'WORKSPACE_ROOT_INVALID',
    message: expect.stringContaining('make a first commit'),
  })
  await writeFile(join(repo, 'a'), 'a')
  await commitAll(git, repo, 'first')
  for (const base_ref of ['nothing', '--all', 'HEAD~5']) {
    await expect(directories.create({ ...session(), base_ref }), base_ref).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    })
  }
  // The refused ones left no row behind.
  expect(store.all()).toEqual([])
})

test('a repository with a branch named pilot, and many sessions at once', async () => {
  await makeRepository(git, repo, { 'a.txt': 'a\n' })
  await git.text(['branch', 'pilot'], { cwd: repo })
  const inputs = Array.from({ length: 6 }, () => session('Same title'))
  const made = await Promise.all(inputs.map((input) => directories.create(input)))
  expect(new Set(made.map((one) => one.directory)).size).toBe(6)
  for (const one of made) expect(one.worktree?.branch).toMatch(/^pilot-same-title-/)
})

test('a workspace below the root of its repository works at the same place of its worktree', async () => {
  await makeRepository(git, repo, { 'packages/shop/a.txt': 'a\n', 'top.txt': 't\n' })
  const below = open(() => join(repo, 'packages/shop'))
  const input = session()
  const made = await below.create(input)
  expect(made.directory.endsWith('/packages/shop')).toBe(true)
  await writeFiles(made.directory, { 'a.txt': 'b\n', '../../top.txt': 'u\n' })
  const paths = (await below.changes(input.session_id)).changes.map((change) => change.path)
  expect(paths).toEqual(['a.txt', '../../top.txt'])
  expect((await below.diff(input.session_id, 'a.txt')).files).toHaveLength(1)
  expect((await below.diff(input.session_id, '../../top.txt')).files).toHaveLength(1)
  await expect(below.diff(input.session_id, '../../../x')).rejects.toMatchObject({ code: 'PATH_OUTSIDE_WORKSPACE' })
})

test('a start finishes removals, marks orphans and names unknown directories', async () => {
  await makeRepository(git, repo, { 'a.txt': 'a\n' })
  const [kept, orphan, removing] = [session(), session(), session()]
  for (const input of [kept, orphan, removing]) await directories.create(input)
  store.setState(store.get(removing.session_id)?.id ?? '', 'removing')
  await mkdir(join(home, 'worktrees', workspace_id, 'stranger'))
  const result = await open().reconcile((id) => id === kept.session_id)
  expect(result).toEqual({ orphaned: 1, unknown: [join(workspace_id, 'stranger')] })
  expect(store.get(removing.session_id)?.state).toBe('removed')
  expect(store.get(orphan.session_id)?.state).toBe('orphaned')
  await writeFile(join(store.get(orphan.session_id)?.path ?? '', 'x'), 'x')
  await expect(directories.removeAll(workspace_id, { force: false })).rejects.toMatchObject({ code: 'WORKTREE_DIRTY' })
  expect(store.all()).toHaveLength(2)
  await directories.removeAll(workspace_id, { force: true })
  expect(store.all()).toEqual([])
})

test('names are plain and never empty', () => {
  expect(worktreeName('  Ünïcödé & Söhne!! ', 'ags_01abcdefghijk')).toBe('unicode-sohne-fghijk')
  expect(worktreeName('日本語', 'ags_01abcdefghijk')).toBe('session-fghijk')
  expect(worktreeName('x'.repeat(300), 'ags_01abcdefghijk')).toHaveLength(47)
  expect(worktreeName('../../--etc', 'ags_01abcdefghijk')).toBe('etc-fghijk')
})
