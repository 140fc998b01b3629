import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { processStart, takeLock } from './lock.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pilot-lock-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

it('is held by one process and free again after release', () => {
  const first = takeLock(home, 'up')
  expect(takeLock(home, 'up')).toEqual({ held: false, pid: process.pid })
  if (first.held) first.release()
  expect(takeLock(home, 'up').held).toBe(true)
})

it('is taken over from a dead process, also when its pid lives on as another one', () => {
  writeFileSync(join(home, 'up.lock'), JSON.stringify({ pid: process.pid, started: 'long ago' }))
  expect(takeLock(home, 'up').held).toBe(true)
})

it('is taken over when the file is broken', () => {
  writeFileSync(join(home, 'up.lock'), '{')
  expect(takeLock(home, 'up').held).toBe(true)
})

it('tells processes apart by their start', () => {
  expect(processStart(process.pid)).toBeTruthy()
  expect(processStart(2 ** 30)).toBeNull()
})
