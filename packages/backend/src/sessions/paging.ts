import { PilotError } from '@pilot/domain/errors'
import { COMMAND_FINAL } from '@pilot/protocol/agent/command'
import type { SessionSnapshot } from '@pilot/protocol/agent/event'
import type { SessionState } from '@pilot/protocol/agent/fold'
import type { AgentSession, MessageWithParts } from '@pilot/protocol/agent/model'

/** Messages of a page when nothing is asked for, and at most. */
export const PAGE_MESSAGES = 50
export const MAX_PAGE_MESSAGES = 200
/** A page ends early when its messages have about this many characters; one message always fits. */
export const PAGE_CHARS = 1_500_000

export interface PageOptions {
  /** Id of the oldest message that is known already. */
  before?: string
  limit?: number
}

function size(message: MessageWithParts): number {
  let chars = 500
  for (const part of message.parts) {
    chars += 300
    if (part.type === 'tool') chars += part.output.length + JSON.stringify(part.input).length
    else if ('text' in part) chars += part.text.length
  }
  return chars
}

/** One page of a session, newest messages first page, oldest first inside. Throws NOT_FOUND when `before` is gone. */
export function page(
  position: { epoch: string; seq: number },
  state: SessionState & { session: AgentSession },
  { before, limit = PAGE_MESSAGES }: PageOptions,
): SessionSnapshot {
  const end = before === undefined ? state.messages.length : state.messages.findIndex((one) => one.id === before)
  if (end < 0) throw new PilotError('NOT_FOUND', 'The message to page from is gone. Reload the session.')
  let start = end
  let chars = 0
  while (start > 0 && end - start < Math.min(limit, MAX_PAGE_MESSAGES)) {
    const message = state.messages[start - 1]
    chars += message ? size(message) : 0
    if (chars > PAGE_CHARS && start < end) break
    start -= 1
  }
  const messages = state.messages.slice(start, end)
  const ids = new Set(messages.map((message) => message.id))
  const has_more = start > 0
  // What has no message of its own belongs to the page of its time.
  const since = has_more ? (messages[0]?.created_at ?? '') : ''
  const until = end < state.messages.length ? (state.messages[end]?.created_at ?? '') : null
  const inPage = (at: string) => at >= since && (until === null || at < until)
  return {
    ...position,
    session: state.session,
    messages: [...messages],
    has_more,
    permissions: state.permissions.filter((ask) => ask.resolution === null || inPage(ask.asked_at)),
    questions: state.questions.filter((ask) => ask.resolution === null || inPage(ask.asked_at)),
    todos: [...state.todos],
    commands: state.commands.filter(
      (command) =>
        !COMMAND_FINAL.has(command.state) ||
        (command.message_id !== null && ids.has(command.message_id)) ||
        inPage(command.created_at),
    ),
    changes: [...state.changes],
    changes_truncated: state.changes_truncated,
  }
}
