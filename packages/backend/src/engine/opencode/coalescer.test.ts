import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { EngineEvent } from '../engine.ts'
import { Coalescer } from './coalescer.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const delta = (text: string, part = 'p1'): EngineEvent => ({
  type: 'part.delta',
  external_id: 's',
  message_id: 'm',
  part_id: part,
  text,
})
const running = (output: string): EngineEvent => ({
  type: 'part',
  external_id: 's',
  message_id: 'm',
  part: {
    id: 't1',
    type: 'tool',
    tool: 'bash',
    kind: 'execute',
    title: 'make',
    status: 'running',
    input: {},
    output,
    output_bytes: output.length,
    error: null,
    started_at: null,
    ended_at: null,
    changes: [],
    child_session_id: null,
  },
})

test('joins words and keeps only the newest output of a running command', () => {
  const seen: EngineEvent[] = []
  const coalescer = new Coalescer((event) => seen.push(event), 40)
  coalescer.push(delta('first'))
  expect(seen.splice(0)).toEqual([delta('first')])
  for (const event of [delta('a'), delta('b'), running('1'), delta('c', 'p2'), running('12')]) coalescer.push(event)
  vi.advanceTimersByTime(39)
  expect(seen).toEqual([])
  vi.advanceTimersByTime(1)
  expect(seen).toEqual([delta('ab'), running('12'), delta('c', 'p2')])
  coalescer.push(delta('d'))
  expect(seen.at(-1)).toEqual(delta('c', 'p2'))
  vi.advanceTimersByTime(40)
  expect(seen.at(-1)).toEqual(delta('d'))
})

test('what comes slower than the window is never held', () => {
  const seen: EngineEvent[] = []
  const coalescer = new Coalescer((event) => seen.push(event), 40)
  for (const word of ['a', 'b', 'c']) {
    coalescer.push(delta(word))
    expect(seen.at(-1)).toEqual(delta(word))
    vi.advanceTimersByTime(41)
  }
  expect(vi.getTimerCount()).toBe(0)
})

test('anything else lets out first what is held', () => {
  const seen: EngineEvent[] = []
  const coalescer = new Coalescer((event) => seen.push(event), 40)
  const idle: EngineEvent = { type: 'run', external_id: 's', run: { status: 'idle' } }
  coalescer.push(delta('a'))
  coalescer.push(delta('b'))
  coalescer.push(idle)
  expect(seen).toEqual([delta('a'), delta('b'), idle])
  vi.advanceTimersByTime(100)
  expect(seen).toHaveLength(3)
})
