import type { AgentEvent } from '@pilot/protocol/agent/event'
import type { SessionState } from '@pilot/protocol/agent/fold'
import type { Message, MessageWithParts, Part } from '@pilot/protocol/agent/model'
import type { EngineState } from '../engine/engine.ts'
import { boundMessage, boundTodos } from './bound.ts'
import { partEvents, same } from './part-events.ts'
import { bare, endedPart } from './settle.ts'

/** Ids that events told something about while the engine's state was being read: for these the events are newer. */
export class Touched {
  readonly ids = new Set<string>()
  todos = false
  run = false
}

/**
 * The entries that bring a journal from `state` to what the engine says now: messages, parts and the plan (asks are
 * compared elsewhere, they belong to more than one session). Text that is ahead of the engine's stays: an engine may
 * store a text only when it is complete.
 */
export function difference(state: SessionState, engine: EngineState, touched: Touched, at: string): AgentEvent[] {
  const events: AgentEvent[] = []
  const engineIdle = engine.run.status === 'idle' && !touched.run
  const known = new Map(state.messages.map((message) => [message.id, message]))
  const reportedIds = new Set(engine.messages.map((message) => message.id))
  const lastUser = engine.messages.findLastIndex((message) => message.role === 'user')
  for (const [index, reported] of engine.messages.entries()) {
    const ours = known.get(reported.id)
    // An engine that died in the middle of an answer says for ever that it runs; its next prompt does not revive it.
    const over = index < lastUser && (ours?.status === 'interrupted' || ours?.status === 'aborted')
    const idle = engineIdle || over
    if (!touched.ids.has(reported.id)) events.push(...messageEvents(ours, reported, idle, at))
    for (const part of reported.parts) {
      if (touched.ids.has(part.id)) continue
      const our = ours?.parts.find((other) => other.id === part.id)
      events.push(...partEvents(reported.id, our, merged(our, part, idle, at)))
    }
    if (ours && reported.status !== 'running') events.push(...removedParts(ours, reported, touched))
  }
  // An engine gives its newest messages, perhaps not all: only what would be among them is gone.
  const oldest = engine.messages.reduce<string | null>(
    (a, m) => (a === null || m.created_at < a ? m.created_at : a),
    null,
  )
  for (const message of state.messages) {
    if (oldest === null || message.created_at <= oldest) continue
    if (reportedIds.has(message.id) || touched.ids.has(message.id)) continue
    events.push({ type: 'message.removed', message_id: message.id })
  }
  const todos = boundTodos(engine.todos)
  if (!touched.todos && !same(todos, state.todos)) events.push({ type: 'todos.updated', todos })
  return events
}

function messageEvents(
  ours: MessageWithParts | undefined,
  reported: MessageWithParts,
  idle: boolean,
  at: string,
): AgentEvent[] {
  const message: Message = boundMessage({ ...bare(reported), command_id: ours?.command_id ?? null })
  if (idle && message.role === 'assistant' && message.status === 'running') {
    if (ours && ours.status !== 'running') return []
    message.status = 'interrupted'
    message.completed_at ??= at
  }
  // "Aborted" is what we know better: an engine may have no word for it.
  if (ours?.status === 'aborted' && message.status === 'interrupted') return []
  return ours && same(bare(ours), message) ? [] : [{ type: 'message.upserted', message }]
}

function merged(our: Part | undefined, reported: Part, idle: boolean, at: string): Part {
  if (reported.type === 'tool') {
    const ended = idle ? endedPart(reported, our?.type === 'tool' && our.ended_at ? our.ended_at : at) : reported
    const child = our?.type === 'tool' ? our.child_session_id : null
    return ended.type === 'tool' ? { ...ended, child_session_id: ended.child_session_id ?? child } : ended
  }
  if (reported.type === 'text' || reported.type === 'reasoning') {
    const known = our?.type === reported.type ? our : null
    const behind =
      known !== null && reported.text.length < known.text.length && !(reported.done && reported.text !== '')
    return {
      ...reported,
      text: behind ? known.text : reported.text,
      done: reported.done || known?.done === true || idle,
    }
  }
  return reported
}

function removedParts(ours: MessageWithParts, reported: MessageWithParts, touched: Touched): AgentEvent[] {
  return ours.parts
    .filter((part) => !touched.ids.has(part.id) && !reported.parts.some((other) => other.id === part.id))
    .map((part) => ({ type: 'part.removed', message_id: ours.id, part_id: part.id }))
}
