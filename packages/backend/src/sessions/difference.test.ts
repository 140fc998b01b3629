import { EMPTY_STATE, fold, type SessionState } from '@pilot/protocol/agent/fold'
import type { MessageWithParts, Part } from '@pilot/protocol/agent/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EngineState } from '../engine/engine.ts'
import { boundPart } from './bound.ts'
import { difference, Touched } from './difference.ts'
import { emptyMessage, fakeTool } from './testing/fake-engine.ts'

const AT = '2026-02-01T00:00:00.000Z'

const anyPart = (id: string): fc.Arbitrary<Part> =>
  fc.oneof(
    fc.record({
      id: fc.constant(id),
      type: fc.constant('text' as const),
      text: fc.string({ maxLength: 6 }),
      done: fc.boolean(),
    }),
    fc
      .record({
        output: fc.string({ maxLength: 6 }),
        status: fc.constantFrom('running' as const, 'completed' as const),
      })
      .map((change) => fakeTool(id, change)),
  )
const anyMessages = fc
  .array(
    fc.record({
      n: fc.nat(5),
      role: fc.constantFrom('user' as const, 'assistant' as const),
      status: fc.constantFrom('running' as const, 'completed' as const, 'failed' as const),
      parts: fc.tuple(anyPart('a'), anyPart('b')).chain((all) => fc.subarray(all)),
    }),
    { maxLength: 6 },
  )
  .map((list): MessageWithParts[] => {
    const byId = new Map(
      list.map(({ n, role, status, parts }) => [
        n,
        {
          ...emptyMessage(`m${n}`, role, `2026-01-01T00:00:0${n}.000Z`),
          status: role === 'user' ? ('completed' as const) : status,
          parts: parts.map((part) => ({ ...part, id: `m${n}${part.id}` })),
        },
      ]),
    )
    return [...byId].sort(([a], [b]) => a - b).map(([, message]) => message)
  })

const engineState = (messages: MessageWithParts[], run: EngineState['run'] = { status: 'idle' }): EngineState => ({
  title: '',
  run,
  messages,
  permissions: [],
  questions: [],
  todos: [],
})
const stateWith = (messages: MessageWithParts[]): SessionState => ({ ...EMPTY_STATE, messages })

describe('difference', () => {
  it('brings any journal to what an idle engine says, with nothing half open, and then finds nothing more', () => {
    fc.assert(
      fc.property(anyMessages, anyMessages, (ours, theirs) => {
        const engine = engineState(theirs)
        const events = difference(stateWith(ours), engine, new Touched(), AT)
        const after = fold(events, stateWith(ours))
        for (const reported of theirs) {
          const got = after.messages.find((message) => message.id === reported.id)
          if (!got) throw new Error(`${reported.id} is missing`)
          if (got.role === 'assistant') expect(got.status).not.toBe('running')
          for (const part of reported.parts) {
            const kept = got.parts.find((one) => one.id === part.id)
            if (part.type === 'tool')
              expect(kept).toMatchObject({
                output: part.output,
                output_bytes: boundPart(part).type === 'tool' ? Buffer.byteLength(part.output) : 0,
              })
            if (kept?.type === 'tool') expect(['completed', 'interrupted', 'failed']).toContain(kept.status)
            if (kept?.type === 'text') expect(kept.done).toBe(true)
          }
        }
        expect(after.messages.map((message) => message.created_at)).toEqual(
          after.messages.map((message) => message.created_at).toSorted(),
        )
        expect(difference(after, engine, new Touched(), AT)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('keeps an interrupted answer interrupted while a later prompt runs, whatever the engine says of it', () => {
    const prompt = (n: number): MessageWithParts => ({
      ...emptyMessage(`m${n}`, 'user', `2026-01-01T00:00:0${n}.000Z`),
      parts: [],
    })
    const answer = emptyMessage('m2', 'assistant', '2026-01-01T00:00:02.000Z')
    const cut: MessageWithParts = {
      ...answer,
      status: 'interrupted',
      completed_at: AT,
      parts: [fakeTool('tool', { status: 'interrupted', ended_at: AT })],
    }
    const ours = [prompt(1), cut, prompt(3)]
    const stale: MessageWithParts = { ...answer, status: 'running', parts: [fakeTool('tool', { status: 'running' })] }
    const engine = engineState([prompt(1), stale, prompt(3)], { status: 'busy' })
    const after = fold(difference(stateWith(ours), engine, new Touched(), AT), stateWith(ours))
    expect(after.messages[1]).toMatchObject({ status: 'interrupted', parts: [{ status: 'interrupted' }] })
  })

  it('leaves alone what events told about meanwhile', () => {
    const ours = [
      {
        ...emptyMessage('m1', 'assistant', AT),
        status: 'completed' as const,
        parts: [fakeTool('t', { output: 'new' })],
      },
    ]
    const theirs = [{ ...emptyMessage('m1', 'assistant', AT), parts: [fakeTool('t', { output: 'old' })] }]
    const touched = new Touched()
    touched.ids.add('m1').add('t')
    touched.todos = true
    expect(difference(stateWith(ours), engineState(theirs, { status: 'busy' }), touched, AT)).toEqual([])
  })

  it('removes only what would be among the messages that the engine gave', () => {
    const message = (n: number) => ({
      ...emptyMessage(`m${n}`, 'user', `2026-01-0${n}T00:00:00.000Z`),
      status: 'completed' as const,
      parts: [],
    })
    const ours = [1, 2, 3, 4].map(message)
    const events = difference(stateWith(ours), engineState([2, 4].map(message)), new Touched(), AT)
    expect(events).toEqual([{ type: 'message.removed', message_id: 'm3' }])
    expect(difference(stateWith(ours), engineState([]), new Touched(), AT)).toEqual([])
  })
})
