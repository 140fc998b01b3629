import { newId } from '@pilot/domain/ids'
import type { Command } from '@pilot/protocol/agent/command'
import { EMPTY_STATE, type SessionState } from '@pilot/protocol/agent/fold'
import type { MessageWithParts, Part, ToolPart } from '@pilot/protocol/agent/model'
import { describe, expect, it } from 'vitest'
import { buildRows, type PendingPrompt } from './rows.ts'

const session = newId('agent_session')
const at = (minute: number) => new Date(Date.UTC(2026, 2, 2, 9, minute)).toISOString()
const text = (id: string, value: string, done = true): Part => ({ id, type: 'text', text: value, done })

function message(id: string, role: 'user' | 'assistant', parts: Part[], fields: Partial<MessageWithParts> = {}) {
  const created_at = fields.created_at ?? at(0)
  return {
    id,
    role,
    command_id: null,
    created_at,
    completed_at: created_at,
    status: 'completed' as const,
    error: null,
    usage: null,
    parts,
    ...fields,
  }
}
function tool(id: string, fields: Partial<ToolPart> = {}): ToolPart {
  return {
    id,
    type: 'tool',
    tool: 'read',
    kind: 'read',
    title: id,
    status: 'completed',
    input: {},
    output: '',
    output_bytes: 0,
    error: null,
    started_at: null,
    ended_at: null,
    changes: [],
    child_session_id: null,
    ...fields,
  }
}
function command(state: Command['state'], fields: Partial<Command> = {}): Command {
  return {
    id: newId('command'),
    session_id: session,
    kind: 'prompt',
    state,
    text: 'do it',
    message_id: null,
    actor_user_id: null,
    error: null,
    created_at: at(0),
    updated_at: at(0),
    ...fields,
  }
}
const state = (fields: Partial<SessionState>): SessionState => ({ ...EMPTY_STATE, ...fields })
const types = (rows: ReturnType<typeof buildRows>) => rows.map((row) => row.type)

describe('rows', () => {
  it('joins neighbouring tool calls, leaves the to-do tool out, and marks a bad end', () => {
    const messages = [
      message('u', 'user', [text('u1', 'hello')]),
      message(
        'a',
        'assistant',
        [tool('t1'), tool('t2'), text('x', 'so'), tool('todo', { tool: 'todowrite' }), tool('t3')],
        {
          status: 'interrupted',
        },
      ),
    ]
    const rows = buildRows(state({ messages }), [])
    expect(types(rows)).toEqual(['user', 'tools', 'text', 'tools', 'end'])
    expect(rows[1]).toMatchObject({ parts: [{ id: 't1' }, { id: 't2' }] })
  })

  it('keeps the rows of a message that did not change, and makes new ones for one that did', () => {
    const [one, two] = [message('u', 'user', [text('u1', 'hello')]), message('a', 'assistant', [text('x', 'so')])]
    const before = buildRows(state({ messages: [one, two] }), [])
    const after = buildRows(state({ messages: [one, { ...two, parts: [text('x', 'so far')] }] }), [])
    expect(after[0]).toBe(before[0])
    expect(after[1]).not.toBe(before[1])
  })

  it('shows a prompt once on its way from the outbox to a message, under one key', () => {
    const sent = command('accepted')
    const prompt: PendingPrompt = { id: sent.id, text: 'do it', state: 'sending', created_at: at(0), error: null }
    const asked = message('u', 'user', [text('u1', 'do it')], { command_id: sent.id })
    const steps = [
      buildRows(EMPTY_STATE, [prompt]),
      buildRows(state({ commands: [sent] }), [prompt]),
      buildRows(state({ commands: [{ ...sent, state: 'running', message_id: 'u' }], messages: [asked] }), []),
    ]
    expect(steps.map(types)).toEqual([['pending'], ['prompt'], ['user']])
    expect(new Set(steps.map((rows) => rows[0]?.key)).size).toBe(1)
  })

  it('puts a prompt that came to nothing where it was given, and one that still goes on at the end', () => {
    const messages = [
      message('u1', 'user', [text('p', 'first')], { created_at: at(1) }),
      message('u2', 'user', [text('p', 'second')], { created_at: at(9) }),
    ]
    const unknown = command('unknown', { created_at: at(5), message_id: 'lost' })
    const waiting = command('accepted', { created_at: at(6) })
    const older = command('failed', { created_at: at(0) })
    const rows = buildRows(state({ messages, commands: [waiting, unknown, older] }), [])
    expect(rows.map((row) => row.key)).toEqual(['u1', unknown.id, 'u2', waiting.id])
  })

  it('says that it works only while nothing else shows it', () => {
    const busy = { status: 'busy', error: null } as SessionState['session']
    const writing = message('a', 'assistant', [text('x', 'so', false)], { status: 'running' })
    expect(types(buildRows(state({ session: busy }), []))).toEqual(['working'])
    expect(types(buildRows(state({ session: busy, messages: [writing] }), []))).toEqual(['text'])
    const running = message('b', 'assistant', [tool('t', { status: 'running' })], { status: 'running' })
    expect(types(buildRows(state({ session: busy, messages: [running] }), []))).toEqual(['tools'])
  })
})
