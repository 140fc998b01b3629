import { link, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryDirectory } from '../git/testing.ts'
import { isInside, openInside, pathSegments, resolveInside } from './jail.ts'

let base: string
let root: string
let remove: () => Promise<void>
beforeEach(async () => {
  const directory = await temporaryDirectory()
  remove = directory.remove
  base = directory.path
  root = join(base, 'a')
  await mkdir(join(root, 'dir'), { recursive: true })
  await mkdir(join(base, 'ab'))
  await writeFile(join(root, 'dir/file.txt'), 'inside')
  await writeFile(join(base, 'ab/secret.txt'), 'outside')
})
afterEach(() => remove())

const OUTSIDE = { code: 'PATH_OUTSIDE_WORKSPACE' }

test('a root holds itself and what is below, not its neighbours of the same beginning', () => {
  expect(isInside('/w/a', '/w/a')).toBe(true)
  expect(isInside('/w/a', '/w/a/b')).toBe(true)
  expect(isInside('/w/a', '/w/ab')).toBe(false)
  expect(isInside('/w/a', '/w')).toBe(false)
  expect(isInside('/', '/w')).toBe(true)
})

test.each([
  '../ab/secret.txt',
  'dir/../../ab/secret.txt',
  '..',
  'dir/..',
  '/etc/passwd',
  '/proc/self/environ',
  '//server/share',
  '\\\\server\\share',
  'dir\\..\\..\\ab',
  'C:/windows',
  'c:file',
  'dir/file.txt\0.png',
  '\ud800',
  'x'.repeat(4_097),
  'a/'.repeat(3_000),
])('refuses %j', async (path) => {
  await expect(resolveInside(root, path)).rejects.toMatchObject(OUTSIDE)
  await expect(openInside(root, path)).rejects.toMatchObject(OUTSIDE)
})

test.each(['%2e%2e%2fab', '..%252fab', '....//ab', '…/ab', 'dir/none', '%2e%2e/ab/secret.txt', 'dir/file.txt/x'])(
  'takes %j as a plain name that does not exist',
  async (path) => {
    await expect(resolveInside(root, path)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  },
)

test('links may lead around inside, never out', async () => {
  await symlink('dir', join(root, 'good'))
  await symlink('../ab', join(root, 'bad'))
  await symlink('/etc/passwd', join(root, 'passwd'))
  await symlink('file.txt', join(root, 'dir/link.txt'))
  expect(await resolveInside(root, 'good/file.txt')).toBe(join(root, 'dir/file.txt'))
  const handle = await openInside(root, './good//file.txt')
  expect(await handle.readFile('utf8')).toBe('inside')
  await handle.close()
  for (const path of ['bad/secret.txt', 'bad', 'passwd']) {
    await expect(resolveInside(root, path), path).rejects.toMatchObject(OUTSIDE)
  }
  // Opening never follows a link in the last place, not even one that stays inside.
  for (const path of ['passwd', 'dir/link.txt']) await expect(openInside(root, path)).rejects.toMatchObject(OUTSIDE)
  for (const path of ['dir', ''])
    await expect(openInside(root, path), path).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await link(join(root, 'dir/file.txt'), join(root, 'hard.txt'))
  await (await openInside(root, 'hard.txt')).close()
})

test('a directory that is swapped for a link in between gives nothing', async () => {
  for (let round = 0; round < 40; round++) {
    const opening = openInside(root, 'dir/secret.txt')
    const swapping = (async () => {
      await rename(join(root, 'dir'), join(root, 'was'))
      await symlink(join(base, 'ab'), join(root, 'dir'))
    })()
    await expect(opening).rejects.toMatchObject({ code: expect.stringMatching(/NOT_FOUND|PATH_OUTSIDE_WORKSPACE/) })
    await swapping
    await rm(join(root, 'dir'))
    await rename(join(root, 'was'), join(root, 'dir'))
  }
})

test('whatever passes has no way up and is no absolute path', () => {
  const piece = fc.constantFrom('..', '.', '', 'a', '...', '%2e', '/', '\\', '\0', 'ü', 'C:')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      let segments: string[]
      try {
        segments = pathSegments(pieces.join('/'))
      } catch {
        return
      }
      const path = join('/w/a', ...segments)
      expect(isInside('/w/a', path)).toBe(true)
    }),
  )
})
