import type { AgentEvent } from '@pilot/protocol/agent/event'
import { AgentEventSchema } from '@pilot/protocol/agent/event'
import { EMPTY_STATE, fold } from '@pilot/protocol/agent/fold'
import type { Part } from '@pilot/protocol/agent/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundPart, byteLength, cut, headBytes, OUTPUT_BYTES, pieces, TEXT_CHARS } from './bound.ts'
import { partEvents } from './part-events.ts'
import { emptyMessage, fakeTool } from './testing/fake-engine.ts'

const text = fc.string({ unit: 'binary', maxLength: 60 })
const long = fc.tuple(text, fc.constantFrom(1, 400, 2_000)).map(([unit, times]) => unit.repeat(times))
const anyPart: fc.Arbitrary<Part> = fc.oneof(
  fc.record({
    id: fc.constant('p'),
    type: fc.constantFrom('text' as const, 'reasoning' as const),
    text: long,
    done: fc.boolean(),
  }),
  fc
    .tuple(long, fc.constantFrom('running' as const, 'completed' as const), fc.nat(100))
    .map(([output, status, more]) => fakeTool('p', { output, status, output_bytes: byteLength(output) + more })),
  fc.record({ id: fc.constant('p'), type: fc.constant('note' as const), text }),
)

const message: AgentEvent = {
  type: 'message.upserted',
  message: emptyMessage('m', 'assistant', '2026-01-01T00:00:00.000Z'),
}
const folded = (events: AgentEvent[]) => fold([message, ...events], EMPTY_STATE).messages[0]?.parts[0]

describe('part events', () => {
  it('turn any known part into the reported one, and small ones into nothing twice', () => {
    fc.assert(
      fc.property(anyPart, anyPart, fc.boolean(), (first, other, grow) => {
        const second: Part =
          grow && first.type === 'text' && other.type === 'text' ? { ...other, text: first.text + other.text } : other
        const begin = partEvents('m', undefined, first)
        const known = folded(begin)
        expect(known).toEqual(boundPart(first))
        const next = partEvents('m', known, second)
        expect(folded([...begin, ...next])).toEqual(boundPart(second))
        expect(partEvents('m', boundPart(second), second)).toEqual([])
        for (const event of [...begin, ...next]) {
          expect(AgentEventSchema.safeParse(event).success).toBe(true)
          // Fits into one message of the link, whatever the text.
          expect(JSON.stringify(event).length).toBeLessThan(200 * 1024)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('sends a growing output as appended text only', () => {
    let known: Part = fakeTool('p')
    let sent = 0
    for (let lines = 1; lines <= 3_000; lines += 1) {
      const output = 'a line of output\n'.repeat(lines)
      const events = partEvents('m', known, fakeTool('p', { output, output_bytes: output.length }))
      expect(events).toHaveLength(1)
      expect(events[0]).toMatchObject({ type: 'part.appended', field: 'output', output_bytes: output.length })
      sent += events[0]?.type === 'part.appended' ? events[0].text.length : 0
      const next = folded([{ type: 'part.upserted', message_id: 'm', part: known }, ...events])
      if (next) known = next
    }
    expect(sent).toBe(OUTPUT_BYTES)
    expect(known).toMatchObject({ output_bytes: 17 * 3_000 })
  })

  it('cuts everything else that a tool can make long', () => {
    const deep: Record<string, unknown> = {}
    let at = deep
    for (let i = 0; i < 50; i += 1) {
      const next = {}
      at.inner = next
      at = next
    }
    const input = {
      text: 'x'.repeat(1_000_000),
      list: Array.from({ length: 5_000 }, () => 'item'),
      deep,
      n: 1,
      no: null,
    }
    const part = boundPart(fakeTool('p', { input, title: 't'.repeat(5_000), error: 'e'.repeat(100_000) }))
    expect(JSON.stringify(part).length).toBeLessThan(100_000)
    expect(part).toMatchObject({ input: { n: 1, no: null } })
  })
})

describe('bounds', () => {
  it('cut at characters, never inside one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (value, max) => {
        const head = headBytes(value, max)
        expect(byteLength(head)).toBeLessThanOrEqual(max)
        expect(value.startsWith(head)).toBe(true)
        expect(head.isWellFormed()).toBe(value.isWellFormed())
        const parts = pieces(value, Math.max(2, max))
        expect(parts.join('')).toBe(value)
        expect(parts.every((piece) => piece.isWellFormed() && piece.length <= Math.max(2, max))).toBe(true)
        expect(cut(value, max).isWellFormed()).toBe(true)
      }),
    )
    expect(pieces('', TEXT_CHARS)).toEqual([])
    expect(pieces('\uD800\uD800', 1)).toEqual(['\uD800', '\uD800'])
  })
})
