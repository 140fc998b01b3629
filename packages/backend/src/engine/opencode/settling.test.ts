import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { EngineEvent } from '../engine.ts'
import { Settling } from './settling.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const idle: EngineEvent = { type: 'run', external_id: 's', run: { status: 'idle' } }
const answer = (completed: string | null): EngineEvent => ({
  type: 'message',
  external_id: 's',
  message: {
    id: 'm',
    role: 'assistant',
    command_id: null,
    created_at: '2026-01-01T00:00:00.000Z',
    completed_at: completed,
    status: completed ? 'failed' : 'running',
    error: null,
    usage: null,
  },
})

test('holds the first idle of a failed turn, and lets the second through with the waiting prompts', async () => {
  const late: EngineEvent[] = []
  const settling = new Settling((event) => late.push(event))
  expect(settling.admits(idle)).toBe(true)
  settling.begin('s')
  expect(settling.admits(idle)).toBe(false)
  let sent = false
  const waiting = settling.settled('s').then(() => {
    sent = true
  })
  expect(settling.admits(answer(null))).toBe(true)
  expect(settling.admits(idle)).toBe(false)
  expect(settling.admits(answer('2026-01-01T00:00:01.000Z'))).toBe(true)
  await Promise.resolve()
  expect(sent).toBe(false)
  expect(settling.admits(idle)).toBe(true)
  await waiting
  expect(late).toEqual([])
  await settling.settled('s')
})

test('never waits for long: the held idle comes late but comes', () => {
  const late: EngineEvent[] = []
  const settling = new Settling((event) => late.push(event))
  settling.begin('s')
  expect(settling.admits(idle)).toBe(false)
  vi.advanceTimersByTime(1_500)
  expect(late).toEqual([idle])
})
