import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { restartDelay } from './backoff.ts'
import { findFreePort, portIsFree } from './ports.ts'
import { chooseWorkspace } from './workspace-choice.ts'

let scratch: string
beforeEach(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'pilot-up-')))
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

describe('chooseWorkspace', () => {
  const repository = (name: string) => {
    const directory = join(scratch, name)
    mkdirSync(join(directory, 'deep'), { recursive: true })
    spawnSync('git', ['init', '-q', directory])
    return directory
  }
  it('takes the named directory, relative to where the command was called', () => {
    mkdirSync(join(scratch, 'here'))
    expect(chooseWorkspace('here', scratch, null)).toEqual({ directory: join(scratch, 'here'), reason: 'named' })
  })
  it('refuses a named directory that is missing', () => {
    expect(() => chooseWorkspace('nowhere', scratch, null)).toThrow(/There is no directory .*nowhere/)
  })
  it('takes the root of the repository around the caller', () => {
    const repo = repository('shop')
    expect(chooseWorkspace(undefined, join(repo, 'deep'), null)).toEqual({ directory: repo, reason: 'repository' })
  })
  it('makes a demo outside a repository and inside its own clone', () => {
    const own = repository('own')
    expect(chooseWorkspace(undefined, scratch, null).reason).toBe('demo')
    expect(chooseWorkspace(undefined, join(own, 'deep'), own).reason).toBe('demo')
  })
})

it('sees a taken port and finds the next free one', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  expect(await portIsFree('127.0.0.1', port)).toBe(false)
  expect(await findFreePort('127.0.0.1', port)).toBeGreaterThan(port)
  await new Promise((resolve) => server.close(resolve))
  expect(await portIsFree('127.0.0.1', port)).toBe(true)
})

it('doubles the delay between restarts up to ten seconds', () => {
  expect([0, 1, 2, 10, 1_000].map(restartDelay)).toEqual([250, 500, 1_000, 10_000, 10_000])
})
