import type { Command } from './command.ts'
import type { AgentEvent, SessionSnapshot } from './event.ts'
import type { AgentSession, FileChange, Message, MessageWithParts, Part, Permission, Question, Todo } from './model.ts'

/** The state of one agent session as a screen needs it. Messages are ordered oldest first. Treat as immutable. */
export interface SessionState {
  session: AgentSession | null
  messages: readonly MessageWithParts[]
  permissions: readonly Permission[]
  questions: readonly Question[]
  todos: readonly Todo[]
  commands: readonly Command[]
  changes: readonly FileChange[]
  changes_truncated: boolean
}

export const EMPTY_STATE: SessionState = {
  session: null,
  messages: [],
  permissions: [],
  questions: [],
  todos: [],
  commands: [],
  changes: [],
  changes_truncated: false,
}

function upsert<T extends { id: string }>(list: readonly T[], item: T): readonly T[] {
  const index = list.findLastIndex((other) => other.id === item.id)
  return index < 0 ? [...list, item] : list.with(index, item)
}

function withMessage(
  state: SessionState,
  id: string,
  change: (message: MessageWithParts) => MessageWithParts,
): SessionState {
  const index = state.messages.findLastIndex((message) => message.id === id)
  const message = state.messages[index]
  if (!message) return state
  const next = change(message)
  return next === message ? state : { ...state, messages: state.messages.with(index, next) }
}

/** Text from `offset` on is replaced by the overlap-trimmed append, so a repeated append changes nothing. */
function append(current: string, offset: number, text: string): string {
  if (offset > current.length) return current
  const end = offset + text.length
  return end <= current.length ? current : current.slice(0, offset) + text
}

function appendTo(part: Part, field: 'text' | 'output', offset: number, text: string): Part {
  if (field === 'output' && part.type === 'tool') {
    const output = append(part.output, offset, text)
    return output === part.output
      ? part
      : { ...part, output, output_bytes: part.output_bytes + new TextEncoder().encode(text).length }
  }
  if (field === 'text' && (part.type === 'text' || part.type === 'reasoning')) {
    const next = append(part.text, offset, text)
    return next === part.text ? part : { ...part, text: next }
  }
  return part
}

/** Applies one event. Pure; an event about something unknown (a message of an older page) changes nothing. */
export function applyEvent(state: SessionState, event: AgentEvent): SessionState {
  switch (event.type) {
    case 'session.updated':
      return { ...state, session: event.session }
    case 'message.upserted': {
      const known = state.messages.findLast((message) => message.id === event.message.id)
      return {
        ...state,
        messages: upsert(state.messages, { ...(event.message as Message), parts: known?.parts ?? [] }),
      }
    }
    case 'message.removed':
      return { ...state, messages: state.messages.filter((message) => message.id !== event.message_id) }
    case 'part.upserted':
      return withMessage(state, event.message_id, (message) => ({
        ...message,
        parts: [...upsert(message.parts, event.part)],
      }))
    case 'part.appended':
      return withMessage(state, event.message_id, (message) => {
        const index = message.parts.findLastIndex((part) => part.id === event.part_id)
        const part = message.parts[index]
        if (!part) return message
        const next = appendTo(part, event.field, event.offset, event.text)
        return next === part ? message : { ...message, parts: message.parts.with(index, next) }
      })
    case 'part.removed':
      return withMessage(state, event.message_id, (message) => ({
        ...message,
        parts: message.parts.filter((part) => part.id !== event.part_id),
      }))
    case 'permission.upserted':
      return { ...state, permissions: upsert(state.permissions, event.permission) }
    case 'question.upserted':
      return { ...state, questions: upsert(state.questions, event.question) }
    case 'todos.updated':
      return { ...state, todos: event.todos }
    case 'command.upserted':
      return { ...state, commands: upsert(state.commands, event.command) }
    case 'changes.updated':
      return { ...state, changes: event.changes, changes_truncated: event.truncated }
  }
}

/** Applies events in order. */
export function fold(events: Iterable<AgentEvent>, from: SessionState = EMPTY_STATE): SessionState {
  let state = from
  for (const event of events) state = applyEvent(state, event)
  return state
}

/** The state that a snapshot describes; later events are applied to it. */
export function stateOf(snapshot: SessionSnapshot): SessionState {
  const { session, messages, permissions, questions, todos, commands, changes, changes_truncated } = snapshot
  return { session, messages, permissions, questions, todos, commands, changes, changes_truncated }
}
