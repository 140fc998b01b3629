import type { AgentEvent } from '@pilot/protocol/agent/event'
import type { SessionState } from '@pilot/protocol/agent/fold'
import type { MessageWithParts, Part } from '@pilot/protocol/agent/model'

/** A message without its parts, as an entry carries it. */
export function bare({ parts: _, ...message }: MessageWithParts) {
  return message
}

/** A part of a turn that has ended: what was still going on did not come to an end. */
export function endedPart(part: Part, at: string): Part {
  if (part.type === 'tool' && (part.status === 'pending' || part.status === 'running'))
    return { ...part, status: 'interrupted', ended_at: part.ended_at ?? at }
  return part
}

/** Entries that close every message and tool call that still says it runs although nothing runs any more. */
export function closeOpen(state: SessionState, as: 'interrupted' | 'aborted', at: string): AgentEvent[] {
  const events: AgentEvent[] = []
  for (const message of state.messages) {
    if (message.role === 'assistant' && message.status === 'running')
      events.push({
        type: 'message.upserted',
        message: { ...bare(message), status: as, completed_at: message.completed_at ?? at },
      })
    for (const part of message.parts) {
      const ended = endedPart(part, at)
      if (ended !== part) events.push({ type: 'part.upserted', message_id: message.id, part: ended })
      else if ((part.type === 'text' || part.type === 'reasoning') && !part.done)
        events.push({
          type: 'part.appended',
          message_id: message.id,
          part_id: part.id,
          field: 'text',
          offset: part.text.length,
          text: '',
          done: true,
        })
    }
  }
  return events
}

/** The last message that answers the user's message `messageId`; undefined while there is none. */
export function answerTo(state: SessionState, messageId: string): MessageWithParts | undefined {
  const from = state.messages.findIndex((message) => message.id === messageId)
  if (from < 0) return undefined
  const later = state.messages.slice(from + 1)
  const next = later.findIndex((message) => message.role === 'user')
  const own = next < 0 ? later : later.slice(0, next)
  // Prompts that waited for each other may be answered together, after the last of them.
  return (
    own.findLast((message) => message.role === 'assistant') ?? later.findLast((message) => message.role === 'assistant')
  )
}
