import { newId } from '@pilot/domain/ids'
import type { Command } from '@pilot/protocol/agent/command'
import { EMPTY_STATE, type SessionState } from '@pilot/protocol/agent/fold'
import type { AgentSession, MessageWithParts } from '@pilot/protocol/agent/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { page } from './paging.ts'
import { emptyMessage, fakePermission } from './testing/fake-engine.ts'

const at = (n: number) => new Date(Date.parse('2026-01-01T00:00:00.000Z') + n * 1_000).toISOString()
const session = { id: newId('agent_session') } as AgentSession
const message = (n: number, text = ''): MessageWithParts => ({
  ...emptyMessage(`m${n}`, 'assistant', at(n)),
  parts: [{ id: `p${n}`, type: 'text', text, done: true }],
})
const state = (change: Partial<SessionState>) => ({ ...EMPTY_STATE, ...change, session })
const position = { epoch: 'e', seq: 7 }

describe('pages', () => {
  it('together are all messages, each once, in order', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: 1, max: 20 }), (count, limit) => {
        const whole = state({ messages: Array.from({ length: count }, (_, n) => message(n)) })
        let all: MessageWithParts[] = []
        let before: string | undefined
        for (let guard = 0; guard <= count; guard += 1) {
          const one = page(position, whole, before === undefined ? { limit } : { limit, before })
          expect(one.messages.length).toBeLessThanOrEqual(limit)
          all = [...one.messages, ...all]
          before = one.messages[0]?.id
          if (!one.has_more) break
        }
        expect(all).toEqual(whole.messages)
      }),
    )
  })

  it('end early when messages are long, but always have one', () => {
    const long = 'x'.repeat(1_000_000)
    const whole = state({ messages: [message(0, long), message(1, long), message(2, long.repeat(3))] })
    expect(page(position, whole, {}).messages.map((one) => one.id)).toEqual(['m2'])
    expect(page(position, whole, { before: 'm2' }).messages.map((one) => one.id)).toEqual(['m1'])
  })

  it('carry what is open, and what belongs to their time', () => {
    const command = (n: number, change: Partial<Command>) =>
      ({ id: `cmd_${n}`, state: 'done', message_id: null, created_at: at(n), ...change }) as Command
    const done = { outcome: 'once' as const, by: null, at: at(0) }
    const whole = state({
      messages: [0, 10, 20, 30].map((n) => message(n)),
      permissions: [
        fakePermission('open', at(1)),
        { ...fakePermission('old', at(2)), resolution: done },
        { ...fakePermission('new', at(31)), resolution: done },
      ],
      commands: [
        command(1, { state: 'running' }),
        command(2, {}),
        command(3, { message_id: 'm30' }),
        command(32, { state: 'failed' }),
      ],
    })
    const newest = page(position, whole, { limit: 2 })
    expect(newest).toMatchObject({ ...position, has_more: true })
    expect(newest.permissions.map((ask) => ask.id)).toEqual(['open', 'new'])
    expect(newest.commands.map((one) => one.id)).toEqual(['cmd_1', 'cmd_3', 'cmd_32'])
    const older = page(position, whole, { before: 'm20' })
    expect(older.has_more).toBe(false)
    expect(older.permissions.map((ask) => ask.id)).toEqual(['open', 'old'])
    expect(older.commands.map((one) => one.id)).toEqual(['cmd_1', 'cmd_2', 'cmd_3'])
  })
})
