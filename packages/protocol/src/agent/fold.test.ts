import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AgentEvent } from './event.ts'
import { applyEvent, EMPTY_STATE, fold, type SessionState } from './fold.ts'
import type { Message, ToolPart } from './model.ts'

const message = (id: string, created_at = '2026-01-01T00:00:00.000Z'): Message => ({
  id,
  role: 'assistant',
  command_id: null,
  created_at,
  completed_at: null,
  status: 'running',
  error: null,
  usage: null,
})
const tool: ToolPart = {
  id: 'p',
  type: 'tool',
  tool: 'bash',
  kind: 'execute',
  title: '',
  status: 'running',
  input: {},
  output: '',
  output_bytes: 0,
  error: null,
  started_at: null,
  ended_at: null,
  changes: [],
  child_session_id: null,
}
const upserted = (id: string, at?: string): AgentEvent => ({ type: 'message.upserted', message: message(id, at) })
const appended = (field: 'text' | 'output', offset: number, text: string): AgentEvent => ({
  type: 'part.appended',
  message_id: 'm',
  part_id: 'p',
  field,
  offset,
  text,
})
const withTool = fold([upserted('m'), { type: 'part.upserted', message_id: 'm', part: tool }])
const withText = fold([
  upserted('m'),
  { type: 'part.upserted', message_id: 'm', part: { id: 'p', type: 'text', text: '', done: false } },
])
const outputOf = (state: SessionState) => {
  const part = state.messages[0]?.parts[0]
  return part?.type === 'tool' ? part : tool
}
const textOf = (state: SessionState) => {
  const part = state.messages[0]?.parts[0]
  return part?.type === 'text' ? part.text : ''
}

describe('appended text', () => {
  it('is the same however it is cut, repeated or overlapped, and so is its length in bytes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { maxLength: 20 }),
        (text, ranges) => {
          // Every range begins at or before what is known, as a reader after a reconnect sees it.
          let known = 0
          const events: AgentEvent[] = []
          for (const [a, b] of ranges) {
            const offset = Math.min(a, known)
            const end = Math.min(text.length, Math.max(offset, b))
            events.push(appended('output', offset, text.slice(offset, end)))
            known = Math.max(known, end)
          }
          events.push(appended('output', known, text.slice(known)))
          const part = outputOf(fold([...events, ...events], withTool))
          expect(part.output).toBe(text)
          expect(part.output_bytes).toBe(new TextEncoder().encode(text).length)
        },
      ),
    )
  })

  it('beyond the end is skipped, and an exact size wins over counting', () => {
    expect(applyEvent(withText, appended('text', 3, 'x'))).toEqual(withText)
    const exact = { ...appended('output', 0, 'abc'), output_bytes: 90_000 } as AgentEvent
    expect(outputOf(applyEvent(withTool, exact))).toMatchObject({ output: 'abc', output_bytes: 90_000 })
    expect(applyEvent(withTool, appended('text', 0, 'abc'))).toEqual(withTool)
  })

  it('can end the part', () => {
    const end = { ...appended('text', 2, ''), done: true } as AgentEvent
    const state = fold([appended('text', 0, 'ab'), end, end], withText)
    expect(state.messages[0]?.parts[0]).toMatchObject({ text: 'ab', done: true })
    expect(textOf(state)).toBe('ab')
  })
})

describe('messages', () => {
  it('stand in order of time in whatever order they arrive, those of one moment by arrival', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(99), { maxLength: 12 }), (times) => {
        const at = (n: number) => `2026-01-01T00:00:${String(n).padStart(2, '0')}.000Z`
        const state = fold(times.map((n) => upserted(`m${n}`, at(n))))
        expect(state.messages.map((one) => one.id)).toEqual(times.toSorted((a, b) => a - b).map((n) => `m${n}`))
      }),
    )
    expect(fold([upserted('b'), upserted('a'), upserted('b')]).messages.map((one) => one.id)).toEqual(['b', 'a'])
  })

  it('of an older page are left out while there is one, and kept parts stay', () => {
    const page: SessionState = { ...fold([upserted('m', '2026-02-01')]), has_more: true }
    expect(applyEvent(page, upserted('old', '2026-01-01'))).toEqual(page)
    expect(applyEvent(page, upserted('new', '2026-02-02')).messages).toHaveLength(2)
    expect(applyEvent(withText, upserted('m')).messages[0]?.parts).toHaveLength(1)
    expect(applyEvent(withText, { type: 'message.removed', message_id: 'm' }).messages).toEqual([])
  })

  it('do not change what was read before', () => {
    const before = structuredClone(withText)
    fold([appended('text', 0, 'x'), upserted('n'), { type: 'part.removed', message_id: 'm', part_id: 'p' }], withText)
    expect(withText).toEqual(before)
    expect(EMPTY_STATE.messages).toEqual([])
  })
})
