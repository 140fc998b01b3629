import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { superviseChild } from './supervised-child.ts'

let scratch: string
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'pilot-child-'))
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

/** A child that writes its pid and first line to a file, then waits for the end of stdin. */
const program = (file: string) => `
  process.stdin.once('data', (line) => require('node:fs').writeFileSync(${JSON.stringify(file)}, process.pid + ' ' + line));
  process.stdin.on('end', () => process.exit(0));
`
const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').trim() : '')

it('starts a killed child again and stops it for good', async () => {
  const file = join(scratch, 'said')
  const restarts: (number | null)[] = []
  let line = 0
  const child = superviseChild({
    name: 'child',
    command: [process.execPath, '-e', program(file)],
    env: process.env,
    firstLine: async () => `line-${++line}`,
    onRestart: (_name, code) => restarts.push(code),
  })
  await vi.waitFor(() => expect(read(file)).toMatch(/ line-1$/), { timeout: 20_000 })
  process.kill(Number(read(file).split(' ')[0]), 'SIGKILL')
  await vi.waitFor(() => expect(read(file)).toMatch(/ line-2$/), { timeout: 20_000 })
  expect(restarts).toEqual([null])
  const pid = child.pid
  await child.stop()
  expect(() => process.kill(pid ?? 0, 0)).toThrow()
  expect(restarts).toHaveLength(1)
})

it('does not wait for a delay when it is stopped while the child is down', async () => {
  const child = superviseChild({
    name: 'child',
    command: [process.execPath, '-e', 'process.exit(3)'],
    env: {},
    onRestart: () => {},
  })
  await vi.waitFor(() => expect(child.pid).toBeDefined())
  await child.stop()
})
