import { chmod, mkdir, readFile, rename, rm, symlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isDirty, listChanges, MAX_CHANGED_FILES, readDiff } from './diff.ts'
import { commitAll, makeRepository, temporaryDirectory, testGit, writeFiles } from './testing.ts'

const git = testGit()
let root: string
let remove: () => Promise<void>
beforeEach(async () => {
  const directory = await temporaryDirectory()
  remove = directory.remove
  root = join(directory.path, 'repo')
})
afterEach(() => remove())

const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}\n`).join('')

test('committed, staged, unstaged and untracked changes stand in one list', async () => {
  const base = await makeRepository(git, root, { 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n', 'gone.txt': 'x\ny\n' })
  await writeFiles(root, { 'a.txt': 'a\nmore\n' })
  await commitAll(git, root, 'second')
  await writeFiles(root, { 'b.txt': 'B\n' })
  await git.text(['add', 'b.txt'], { cwd: root })
  await writeFiles(root, { 'c.txt': 'c\nd\n', 'dir/new.txt': 'one\ntwo\n', '.gitignore': 'ignored\n', ignored: 'no' })
  await rm(join(root, 'gone.txt'))
  const before = await readFile(join(root, '.git/index'))

  const { changes, truncated } = await listChanges(git, root, base)
  expect(truncated).toBe(false)
  expect(changes).toEqual([
    { path: '.gitignore', kind: 'added', additions: 1, deletions: 0 },
    { path: 'a.txt', kind: 'modified', additions: 1, deletions: 0 },
    { path: 'b.txt', kind: 'modified', additions: 1, deletions: 1 },
    { path: 'c.txt', kind: 'modified', additions: 1, deletions: 0 },
    { path: 'dir/new.txt', kind: 'added', additions: 2, deletions: 0 },
    { path: 'gone.txt', kind: 'deleted', additions: 0, deletions: 2 },
  ])
  expect((await readFile(join(root, '.git/index'))).equals(before)).toBe(true)
  expect(await isDirty(git, root)).toBe(true)

  const diff = await readDiff(git, root, base)
  expect(diff.files.map((file) => [file.path, file.patch?.split('\n')[0]])).toEqual(
    changes.map((change) => [change.path, `diff --git a/${change.path} b/${change.path}`]),
  )
  expect(diff.files[4]?.patch).toContain('+one\n+two\n')
})

test('renames, binary files, links, modes and strange names each keep their own patch', async () => {
  const names = [
    'ünï cødé.txt',
    'quo"te.txt',
    'tab\there.txt',
    'new\nline.txt',
    ' lead and trail ',
    'back\\slash',
    '-dash',
  ]
  const files = Object.fromEntries(names.map((name) => [name, 'old\n']))
  const base = await makeRepository(git, root, {
    ...files,
    'before.txt': lines(20),
    'script.sh': 'echo\n',
    'turns.txt': 'text\n',
    'empty.txt': '',
  })
  for (const name of names) await writeFiles(root, { [name]: 'old\nnew\n' })
  await rename(join(root, 'before.txt'), join(root, 'after.txt'))
  await writeFiles(root, { 'image.png': Uint8Array.from([0, 1, 2, 0, 255]), 'new-empty.txt': '' })
  await chmod(join(root, 'script.sh'), 0o755)
  await rm(join(root, 'turns.txt'))
  await symlink('script.sh', join(root, 'turns.txt'))
  await symlink('/etc/passwd', join(root, 'zlink'))

  const diff = await readDiff(git, root, base)
  const byPath = new Map(diff.files.map((file) => [file.path, file]))
  for (const name of names) {
    expect(byPath.get(name), name).toMatchObject({ kind: 'modified', additions: 1, deletions: 0 })
    expect(byPath.get(name)?.patch, name).toContain('\n+new\n')
  }
  expect(byPath.get('after.txt')).toMatchObject({ kind: 'renamed', old_path: 'before.txt', additions: 0, deletions: 0 })
  expect(byPath.get('after.txt')?.patch).toContain('rename to after.txt')
  expect(byPath.get('image.png')).toMatchObject({ kind: 'added', binary: true, patch: null })
  expect(byPath.get('new-empty.txt')).toMatchObject({ kind: 'added', additions: 0 })
  expect(byPath.get('script.sh')?.patch).toContain('new mode 100755')
  expect(byPath.get('turns.txt')?.patch).toContain('+script.sh')
  // The link itself is shown, never what it points to.
  expect(byPath.get('zlink')?.patch).toContain('+/etc/passwd')
  expect(byPath.get('zlink')?.patch).not.toContain('root:')
  expect(byPath.has('before.txt')).toBe(false)
})

test('one large file has no patch in the list and has it when asked for', async () => {
  const base = await makeRepository(git, root, { 'small.txt': 'x\n' })
  await writeFiles(root, { 'large.txt': lines(40_000), 'small.txt': 'y\n' })
  const all = await readDiff(git, root, base)
  expect(all.files.map((file) => [file.path, file.patch !== null])).toEqual([
    ['large.txt', false],
    ['small.txt', true],
  ])
  const one = await readDiff(git, root, base, 'large.txt')
  expect(one.files).toHaveLength(1)
  expect(one.files[0]?.patch).toContain('+line 39999')
  expect((await readDiff(git, root, base, 'nothing.txt')).files).toEqual([])
  expect((await readDiff(git, root, base, '../../etc/passwd')).files).toEqual([])
})

test('five thousand untracked files are cut and say so', async () => {
  const base = await makeRepository(git, root, { 'a.txt': 'a\n' })
  await writeFiles(root, Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`many/${i}.txt`, 'x\n'])))
  const { changes, truncated } = await listChanges(git, root, base)
  expect(truncated).toBe(true)
  expect(changes.length).toBeLessThanOrEqual(MAX_CHANGED_FILES)
  expect(changes.length).toBeGreaterThan(500)
})

test('the configuration of a repository runs no program of its choice', async () => {
  const base = await makeRepository(git, root, { 'a.txt': 'a\n', '.gitattributes': '*.txt diff=evil\n' })
  const mark = join(root, '..', 'executed')
  const evil = `sh -c 'touch ${mark}'`
  for (const key of ['core.fsmonitor', 'diff.external', 'core.sshCommand', 'diff.evil.command', 'diff.evil.textconv']) {
    await git.text(['config', key, evil], { cwd: root })
  }
  await git.text(['config', 'diff.noprefix', 'true'], { cwd: root })
  await mkdir(join(root, '.git/hooks'), { recursive: true })
  await writeFiles(root, { 'a.txt': 'changed\n', 'b.txt': 'new\n' })
  const diff = await readDiff(git, root, base)
  expect(diff.files.map((file) => file.patch !== null)).toEqual([true, true])
  expect(await isDirty(git, root)).toBe(true)
  await expect(readFile(mark)).rejects.toThrow()
})

test('an edit of the same length in the second of the checkout is seen', async () => {
  const base = await makeRepository(git, root, { 'a.txt': 'a\n', 'b.txt': 'b\n' })
  // As it is right after a checkout: file and index carry the same second, and the edit does not move it.
  const second = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 10_000)
  await utimes(join(root, 'a.txt'), second, second)
  await git.text(['update-index', '--refresh'], { cwd: root })
  await utimes(join(root, '.git/index'), second, second)
  await writeFiles(root, { 'a.txt': 'A\n', 'new.txt': 'n\n' })
  await utimes(join(root, 'a.txt'), second, second)
  // The time of the last change of the inode cannot be set, so git is told not to use it.
  await git.text(['config', 'core.trustctime', 'false'], { cwd: root })
  const { changes } = await listChanges(git, root, base)
  expect(changes.map((change) => change.path)).toEqual(['a.txt', 'new.txt'])
})

test('a merge conflict is shown and does not break the others', async () => {
  const base = await makeRepository(git, root, { 'a.txt': 'a\n', 'z.txt': 'z\n' })
  await git.text(['checkout', '--quiet', '-b', 'other'], { cwd: root })
  await writeFiles(root, { 'a.txt': 'other\n' })
  await commitAll(git, root, 'other')
  await git.text(['checkout', '--quiet', 'main'], { cwd: root })
  await writeFiles(root, { 'a.txt': 'main\n' })
  await commitAll(git, root, 'main')
  const merge = await git.run(['-c', 'user.name=T', '-c', 'user.email=t@e', 'merge', 'other'], { cwd: root })
  expect(merge.code).not.toBe(0)
  await writeFiles(root, { 'z.txt': 'zz\n' })
  const diff = await readDiff(git, root, base)
  expect(diff.files.map((file) => file.path)).toEqual(['a.txt', 'z.txt'])
  expect(diff.files[1]?.patch).toContain('+zz')
})
