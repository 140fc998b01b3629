import type { PromptActions } from '@pilot/chamber-ui/chat/command-state.tsx'
import { newId } from '@pilot/domain/ids'
import type { SessionId } from '@pilot/frontend/runtime/runtime-apis'
import { type RefObject, useMemo } from 'react'
import { readDraft, writeDraft } from './use-draft.ts'
import type { WorkspaceClient } from './workspace-client.ts'

/** How a text gets back into a composer that is on screen. */
export interface ComposerHandle {
  prepend(text: string): void
}

/** What can be done with this session's prompts. The same object as long as the session is the same. */
export function usePromptActions(
  client: WorkspaceClient,
  sessionId: SessionId,
  draft: string,
  composer: RefObject<ComposerHandle | null>,
): PromptActions {
  return useMemo(
    () => ({
      onCancel: (id) => void client.outbox.cancel(id),
      onSendNow: client.outbox.sendNow,
      onSendAgain: (text) => client.outbox.add({ kind: 'prompt', id: newId('command'), session_id: sessionId, text }),
      onEdit: (id, text) => {
        if (!client.outbox.cancel(id)) return
        // While a question stands in its place there is no composer: the text waits in the draft.
        if (composer.current) composer.current.prepend(text)
        else writeDraft(draft, joinDrafts(text, readDraft(draft)))
      },
    }),
    [client, sessionId, draft, composer],
  )
}

/** Two texts as one draft. */
export function joinDrafts(first: string, second: string): string {
  return second.trim() === '' ? first : `${first}\n\n${second}`
}
