import { Composer } from '@pilot/chamber-ui/composer/composer.tsx'
import { Chip } from '@pilot/chamber-ui/primitives/badge.tsx'
import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { newId } from '@pilot/domain/ids'
import type { OutboxRecord } from '@pilot/frontend/commands/outbox-record'
import type { SessionId } from '@pilot/frontend/runtime/runtime-apis'
import { MAX_PROMPT_CHARS } from '@pilot/protocol/agent/command'
import type { AgentSession } from '@pilot/protocol/agent/model'
import { type Ref, useImperativeHandle, useState } from 'react'
import { useDraft } from './use-draft.ts'
import { type ComposerHandle, joinDrafts } from './use-prompt-actions.ts'
import type { WorkspaceClient } from './workspace-client.ts'

interface SessionComposerProps {
  client: WorkspaceClient
  sessionId: SessionId
  session: AgentSession | null
  records: readonly OutboxRecord[]
  /** Why the machine cannot be reached, or null. */
  away: string | null
  /** Key of this session's draft. */
  draft: string
  /** Lets a text that was taken back return here. */
  handle: Ref<ComposerHandle>
  onRestore: () => void
}

/** Writes to the session in the address, and stops it. */
export function SessionComposer(props: SessionComposerProps) {
  const { client, sessionId, session, records, away, handle, onRestore } = props
  const [draft, onDraft] = useDraft(props.draft)
  useImperativeHandle(handle, () => ({ prepend: (text) => onDraft(joinDrafts(text, draft)) }), [draft, onDraft])
  const [stopped, setStopped] = useState<string | null>(null)
  const busy = session?.status === 'busy' || session?.status === 'retry'
  const stopping = busy && (records.some(({ request }) => request.kind === 'abort') || stopped === runOf(session))
  const archived = Boolean(session?.archived_at)
  return (
    <Composer
      value={draft}
      onChange={onDraft}
      maxLength={MAX_PROMPT_CHARS}
      placeholder={busy ? 'Say more; it is read when this step is done' : 'Ask for a change, or ask a question'}
      onSend={(text) => {
        client.outbox.add({ kind: 'prompt', id: newId('command'), session_id: sessionId, text })
        onDraft('')
      }}
      onStop={
        busy && !away
          ? () => {
              setStopped(runOf(session))
              client.outbox.add({ kind: 'abort', id: newId('command'), session_id: sessionId })
            }
          : undefined
      }
      stopping={stopping}
      hint={away ? 'What you send now waits here until the machine is back.' : null}
      chips={session?.model ? <Chip className="lg:hidden">{session.model.label}</Chip> : null}
      disabledReason={
        archived ? (
          <span className="flex flex-wrap items-center gap-3">
            <span className="min-w-0 flex-1">This session is archived. Restore it to go on.</span>
            <Button onClick={onRestore}>Restore</Button>
          </span>
        ) : null
      }
    />
  )
}

/** Names the present run, so that a stop that was asked for is not shown at the next one. */
function runOf(session: AgentSession | null): string {
  return `${session?.id}/${session?.last_activity_at}`
}
