import { type Command, MAX_COMMAND_TEXT_CHARS } from '@pilot/protocol/agent/command'
import type { AgentEvent } from '@pilot/protocol/agent/event'
import type { StoredCommand } from './store/rows.ts'

/** A command as the wire shows it, with its whole text. */
export function commandOf(stored: StoredCommand): Command {
  const { id, session_id, request, state, message_id, actor_user_id, error } = stored
  return {
    id,
    session_id,
    kind: request.kind,
    state,
    text: request.kind === 'prompt' ? request.text : null,
    message_id,
    actor_user_id,
    error,
    created_at: stored.created_at.toISOString(),
    updated_at: stored.updated_at.toISOString(),
  }
}

/** The entry about a command; a long prompt is cut, its message has all of it. */
export function commandEvent(stored: StoredCommand): AgentEvent {
  const command = commandOf(stored)
  const text = command.text
  if (text === null || text.length <= MAX_COMMAND_TEXT_CHARS) return { type: 'command.upserted', command }
  const head = text.slice(0, MAX_COMMAND_TEXT_CHARS).replace(/[\uD800-\uDBFF]$/, '')
  return { type: 'command.upserted', command: { ...command, text: head, text_chars: text.length } }
}
