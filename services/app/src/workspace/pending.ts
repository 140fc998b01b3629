import type { PendingPrompt } from '@pilot/chamber-ui/chat/rows.ts'
import type { OutboxRecord } from '@pilot/frontend/commands/outbox-record'

/** The prompts of a session that the machine has not confirmed. */
export function pendingPrompts(records: readonly OutboxRecord[]): PendingPrompt[] {
  return records.flatMap(({ request, state, created_at, error }) =>
    request.kind === 'prompt' ? [{ id: request.id, text: request.text, state, created_at, error }] : [],
  )
}
