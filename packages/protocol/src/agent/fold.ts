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
  /** True while older messages exist that are not in `messages`: an event about one of them is then skipped. */
  has_more?: boolean
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
  has_more: false,
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

/**
 * A new message takes its place by time, whenever it arrives: one that was missed in a gap is found later. Messages of
 * the same moment keep their order of arrival.
 */
function upsertMessage(state: SessionState, message: Message): SessionState {
  const index = state.messages.findLastIndex((other) => other.id === message.id)
  const known = state.messages[index]
  if (known) {
    return { ...state, messages: state.messages.with(index, { ...message, parts: known.parts }) }
  }
  const before = state.messages.findLastIndex((other) => other.created_at <= message.created_at)
  if (before < 0 && state.has_more) return state
  return { ...state, messages: state.messages.toSpliced(before + 1, 0, { ...message, parts: [] }) }
}

/** Only what reaches beyond the text that is there already is added, so a repeated append changes nothing. */
function append(current: string, offset: number, text: string): string {
  const known = current.length - offset
  return known < 0 || known >= text.length ? current : current + text.slice(known)
}

const encoder = new TextEncoder()

/** UTF-8 bytes that `next` has more than `current`, of which it is a continuation. */
function addedBytes(current: string, next: string): number {
  // The last unit may be the first half of a pair that `next` completes.
  const from = Math.max(0, current.length - 1)
  return encoder.encode(next.slice(from)).length - encoder.encode(current.slice(from)).length
}

function appendTo(part: Part, event: Extract<AgentEvent, { type: 'part.appended' }>): Part {
  if (event.field === 'output' && part.type === 'tool') {
    const output = append(part.output, event.offset, event.text)
    const output_bytes = event.output_bytes ?? part.output_bytes + addedBytes(part.output, output)
    return output === part.output && output_bytes === part.output_bytes ? part : { ...part, output, output_bytes }
  }
  if (event.field === 'text' && (part.type === 'text' || part.type === 'reasoning')) {
    const text = append(part.text, event.offset, event.text)
    const done = part.done || event.done === true
    return text === part.text && done === part.done ? part : { ...part, text, done }
  }
  return part
}

/** Applies one event. Pure; an event about something unknown (a message of an older page) changes nothing. */
export function applyEvent(state: SessionState, event: AgentEvent): SessionState {
  switch (event.type) {
    case 'session.updated':
      return { ...state, session: event.session }
    case 'message.upserted':
      return upsertMessage(state, event.message)
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
        const next = appendTo(part, event)
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
  const { session, messages, permissions, questions, todos, commands, changes, changes_truncated, has_more } = snapshot
  return { session, messages, permissions, questions, todos, commands, changes, changes_truncated, has_more }
}
