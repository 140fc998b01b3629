import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inspectRepository, isBranchName, resolveCommit } from './repository.ts'
import { createGit, firstLine } from './run.ts'
import { makeRepository, temporaryDirectory, testGit, writeFiles } from './testing.ts'

const git = testGit()
let root: string
let remove: () => Promise<void>
beforeEach(async () => {
  const directory = await temporaryDirectory()
  remove = directory.remove
  root = directory.path
})
afterEach(() => remove())

/** A program that stands in for git. */
async function fakeGit(script: string): Promise<string> {
  const path = join(root, 'fake-git')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

describe('the runner', () => {
  test('missing or old git has its own code, a missing directory another', async () => {
    const missing = createGit({ binary: join(root, 'no-git'), environment: process.env })
    await expect(missing.version()).rejects.toMatchObject({ code: 'GIT_UNAVAILABLE' })
    const old = createGit({ binary: await fakeGit('echo git version 2.24.9'), environment: process.env })
    await expect(old.version()).rejects.toMatchObject({
      code: 'GIT_UNAVAILABLE',
      message: expect.stringContaining('2.25'),
    })
    const enough = createGit({
      binary: await fakeGit('echo "git version 2.25.0 (Apple Git-1)"'),
      environment: process.env,
    })
    expect(await enough.version()).toBe('2.25.0')
    const gone = git.run(['status'], { cwd: join(root, 'gone') })
    await expect(gone).rejects.toMatchObject({ code: 'WORKSPACE_ROOT_INVALID' })
  })

  test('time, output and cancelling are limited', async () => {
    const sleeper = createGit({ binary: await fakeGit('exec sleep 60'), environment: process.env })
    const slow = sleeper.run(['x'], { cwd: root, timeoutMs: 50 })
    await expect(slow).rejects.toMatchObject({ code: 'RUNTIME_TIMEOUT' })
    const controller = new AbortController()
    const cancelled = sleeper.run(['x'], { cwd: root, signal: controller.signal })
    controller.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })
    const loud = createGit({ binary: await fakeGit('exec yes'), environment: process.env })
    const result = await loud.run(['x'], { cwd: root, maxBytes: 10_000 })
    expect(result).toMatchObject({ truncated: true, code: -1 })
    expect(result.stdout).toHaveLength(10_000)
    const full = createGit({
      binary: await fakeGit('echo "fatal: write error: No space left on device" >&2; exit 128'),
      environment: process.env,
    })
    await expect(full.run(['x'], { cwd: root })).rejects.toMatchObject({ code: 'STORAGE_FULL' })
  })

  test('the environment is scrubbed', async () => {
    const environment = {
      ...process.env,
      GIT_DIR: '/tmp',
      GIT_SSH: 'evil',
      OPENROUTER_API_KEY: 'sk-1',
      GIT_CONFIG_COUNT: '1',
    }
    const fake = createGit({ binary: await fakeGit('env'), environment })
    const seen = (await fake.run([], { cwd: root })).stdout.toString()
    expect(seen).not.toMatch(/^(GIT_DIR|GIT_SSH|OPENROUTER_API_KEY|GIT_CONFIG_COUNT)=/m)
    expect(seen).toContain('GIT_TERMINAL_PROMPT=0')
    expect(seen).toContain('GIT_ALLOW_PROTOCOL=https:ssh\n')
  })

  test('no path of the machine is in what a client reads', () => {
    expect(firstLine("fatal: could not open '/home/x/secret/a' and /root/.ssh/id")).toBe("could not open '…' and …")
    expect(firstLine('')).toBe('no reason given')
  })
})

describe('a repository', () => {
  test('is told from what is none, is empty, bare, inside or below', async () => {
    expect(await inspectRepository(git, root)).toBeNull()
    const repo = join(root, 'repo')
    await mkdir(repo)
    await git.text(['init', '--quiet'], { cwd: repo })
    expect(await inspectRepository(git, repo)).toMatchObject({ root: repo, prefix: '', head: null })
    const full = join(root, 'ünïcode repo')
    const head = await makeRepository(git, full, { 'sub/a.txt': 'a\n' })
    expect(await inspectRepository(git, full)).toEqual({
      root: full,
      prefix: '',
      head,
      branch: 'main',
      submodule: false,
    })
    expect(await inspectRepository(git, join(full, 'sub'))).toMatchObject({ root: full, prefix: 'sub' })
    await writeFiles(full, { 'unknown/b.txt': 'b\n' })
    expect(await inspectRepository(git, join(full, 'unknown'))).toBeNull()
    await git.text(['checkout', '--quiet', '--detach'], { cwd: full })
    expect(await inspectRepository(git, full)).toMatchObject({ branch: null, head })
    await expect(inspectRepository(git, join(full, '.git'))).rejects.toMatchObject({ code: 'WORKSPACE_ROOT_INVALID' })
    const bare = join(root, 'bare.git')
    await git.text(['init', '--quiet', '--bare', '--', bare], { cwd: root })
    await expect(inspectRepository(git, bare)).rejects.toMatchObject({ code: 'WORKSPACE_ROOT_INVALID' })
  })

  test('a name is never taken for an option', async () => {
    const head = await makeRepository(git, join(root, 'r'), { a: 'a' })
    const at = join(root, 'r')
    expect(await resolveCommit(git, at, 'main')).toBe(head)
    for (const ref of ['', '--all', '-h', 'nothing', 'main..main', 'a\nb', 'HEAD:a']) {
      expect(await resolveCommit(git, at, ref), ref).toBeNull()
    }
    expect(await isBranchName(git, at, 'pilot/x-1')).toBe(true)
    for (const name of ['--x', 'a..b', 'a b', 'x.lock', '']) expect(await isBranchName(git, at, name), name).toBe(false)
  })
})
