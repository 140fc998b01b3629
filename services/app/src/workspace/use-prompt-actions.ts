import type { PromptActions } from '@pilot/chamber-ui/chat/command-state.tsx'
import { newId } from '@pilot/domain/ids'
import type { SessionId } from '@pilot/frontend/runtime/runtime-apis'
import { useEffect, useMemo, useRef } from 'react'
import type { WorkspaceClient } from './workspace-client.ts'

/** What can be done with this session's prompts. The same object as long as the session is the same. */
export function usePromptActions(
  client: WorkspaceClient,
  sessionId: SessionId,
  draft: string,
  setDraft: (text: string) => void,
): PromptActions {
  const latest = useRef({ draft, setDraft })
  useEffect(() => {
    latest.current = { draft, setDraft }
  })
  return useMemo(
    () => ({
      onCancel: (id) => void client.outbox.cancel(id),
      onSendNow: client.outbox.sendNow,
      onSendAgain: (text) => client.outbox.add({ kind: 'prompt', id: newId('command'), session_id: sessionId, text }),
      onEdit: (id, text) => {
        if (!client.outbox.cancel(id)) return
        const { draft: present, setDraft: set } = latest.current
        set(present.trim() === '' ? text : `${text}\n\n${present}`)
      },
    }),
    [client, sessionId],
  )
}
