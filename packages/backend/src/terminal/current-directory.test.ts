import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '@pilot/domain/ids'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryDirectory } from '../git/testing.ts'
import { asOrdered, currentDirectory } from './current-directory.ts'

const id = newId('agent_session')
let base: string
let remove: () => Promise<void>
let child: ChildProcess | null = null

beforeEach(async () => {
  const directory = await temporaryDirectory()
  base = directory.path
  remove = directory.remove
  for (const name of ['root/inner/deep', 'root-2', 'worktree/src', 'elsewhere']) {
    await mkdir(join(base, name), { recursive: true })
  }
  await symlink(join(base, 'elsewhere'), join(base, 'root/out'))
})
afterEach(async () => {
  if (child?.kill('SIGKILL')) await once(child, 'exit')
  child = null
  await remove()
})

const ordered = (...candidates: (string | null)[]) =>
  asOrdered(
    candidates.map((path) => path && join(base, path)),
    { root: join(base, 'root'), session: { id, directory: join(base, 'worktree') } },
  )

test('names a directory below the workspace or the session, and else the next one', async () => {
  expect(await ordered('root/inner/deep')).toEqual({ cwd: 'inner/deep', agent_session_id: null })
  expect(await ordered('root')).toEqual({ cwd: '', agent_session_id: null })
  expect(await ordered('worktree/src', 'root')).toEqual({ cwd: 'src', agent_session_id: id })
  for (const outside of ['root/out', 'elsewhere', 'root-2', 'root/gone', '..', null]) {
    expect(await ordered(outside, 'worktree')).toEqual({ cwd: '', agent_session_id: id })
  }
  expect(await ordered('elsewhere', 'gone', null)).toEqual({ cwd: '', agent_session_id: null })
})

test('knows where a process works, and nothing of one that is gone', async () => {
  child = spawn('sh', ['-c', 'cd inner && echo there && exec sleep 60'], {
    cwd: join(base, 'root'),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  if (child.stdout) await once(child.stdout, 'data')
  expect(await currentDirectory(child.pid ?? 0)).toBe(join(base, 'root/inner'))
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await currentDirectory(child.pid ?? 0)).toBe(null)
  child = null
})
