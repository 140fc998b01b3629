import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory, testGit } from '../git/testing.ts'
import { fixCart } from '../model/demo/fix-cart.ts'
import { createDemoRepository } from './demo-repository.ts'

const git = testGit()

function runTests(directory: string) {
  // The test runner of Node marks its own children, which would make this one quiet.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return spawnSync(process.execPath, ['--test', '--test-reporter=tap'], { cwd: directory, env, encoding: 'utf8' })
}

test('the demo has one commit, a test that fails, and a fix that makes it pass', async () => {
  const { path, remove } = await temporaryDirectory()
  try {
    const shop = join(path, 'demo-shop')
    await createDemoRepository(git, shop)
    expect((await git.text(['log', '--format=%an <%ae> %s'], { cwd: shop })).trim()).toBe(
      'Pilot Demo <demo@pilot.invalid> A small cart',
    )
    expect(await git.text(['status', '--porcelain'], { cwd: shop })).toBe('')
    const before = runTests(shop)
    expect(before.status).toBe(1)
    expect(before.stdout).toContain('not ok 3 - a coupon is rounded once')
    expect(before.stdout).toContain('# pass 2')
    expect(before.stdout).toContain('8.55 !== 8.54')

    const file = join(shop, 'src/cart.js')
    const code = await readFile(file, 'utf8')
    const fix = fixCart(code)
    if (!fix) throw new Error('the demo model does not know this file')
    const fixed = code.replace(fix.before, fix.after)
    await writeFile(file, fixed)
    const after = runTests(shop)
    expect(after.stdout).toContain('# fail 0')
    expect(after.status).toBe(0)

    // Made again, it leaves the work alone.
    await createDemoRepository(git, shop)
    expect(await readFile(file, 'utf8')).toBe(fixed)
  } finally {
    await remove()
  }
})
