import type { PromptActions } from '@pilot/chamber-ui/chat/command-state.tsx'
import { Transcript } from '@pilot/chamber-ui/chat/transcript.tsx'
import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { OfflineBar } from '@pilot/chamber-ui/primitives/notice.tsx'
import { State } from '@pilot/chamber-ui/primitives/state.tsx'
import { BackLink } from '@pilot/chamber-ui/shell/back-link.tsx'
import type { OutboxRecord } from '@pilot/frontend/commands/outbox-record'
import { EMPTY_STATE } from '@pilot/protocol/agent/fold'
import { useRouter } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useAwayText } from './machine-facts.tsx'
import { pendingPrompts } from './pending.ts'
import type { SessionPaneProps } from './session-pane.tsx'
import { draftKey, readDraft, writeDraft } from './use-draft.ts'
import { joinDrafts } from './use-prompt-actions.ts'
import { titleOf } from './use-workspace.ts'

interface NewSessionProps extends SessionPaneProps {
  creation: OutboxRecord
  records: readonly OutboxRecord[]
}

const noOutput = () => Promise.reject(new Error('There is no output yet.'))

/** A session that this browser asked for and that the machine has not confirmed: nothing is shown as done. */
export function NewSession({ userId, client, sessionId, workspace, connection, creation, records }: NewSessionProps) {
  const router = useRouter()
  const pending = useMemo(() => pendingPrompts(records), [records])
  const away = useAwayText(connection, workspace?.machine?.name ?? 'The machine')
  const refused = creation.state === 'refused'
  const discard = (keep: boolean) => {
    const text = pending.map((prompt) => prompt.text).join('\n\n')
    for (const record of records) if (!client.outbox.cancel(record.request.id)) return
    const draft = draftKey(userId, client.slug, 'new')
    if (keep && text !== '') writeDraft(draft, joinDrafts(text, readDraft(draft)))
    void router.navigate({ to: '/$slug/new', params: { slug: client.slug } })
  }
  const actions: PromptActions = {
    onCancel: () => discard(false),
    onEdit: () => discard(true),
    onSendNow: () => client.outbox.sendNow(sessionId),
    onSendAgain: () => undefined,
  }
  return (
    <section aria-label="New session" className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface">
      <header className="flex min-h-14 shrink-0 items-center gap-2.5 border-line border-b pr-4 max-md:pl-0.5 md:pl-5">
        <span className="lg:hidden">
          <BackLink href={`/${client.slug}`} label="Back to the sessions" />
        </span>
        <h1 className="min-w-0 flex-1 truncate font-semibold tracking-tight md:text-lg">
          {titleOf(pending[0]?.text ?? '') || 'New session'}
        </h1>
      </header>
      {away ? (
        <OfflineBar onRetry={client.link.wake}>{away} The task is kept here and starts when it is back.</OfflineBar>
      ) : null}
      <Transcript
        state={EMPTY_STATE}
        pending={pending}
        hasMore={false}
        older="idle"
        onLoadOlder={() => undefined}
        stale={false}
        empty={null}
        actions={actions}
        loadOutput={noOutput}
      />
      <div className="mx-auto w-full max-w-[760px] shrink-0 px-4 pb-5 text-sm md:px-5">
        {refused ? (
          <div role="alert" className="grid gap-2 rounded-lg border border-line bg-bad-soft px-4 py-3">
            <State kind="failed">The session could not be started</State>
            <p>{creation.error?.message}</p>
            <div className="flex flex-wrap gap-2">
              <Button onClick={() => client.outbox.sendNow(sessionId)}>Try again</Button>
              <Button variant="quiet" onClick={() => discard(true)}>
                Back to the text
              </Button>
            </div>
          </div>
        ) : (
          <p role="status" className="flex items-center gap-2 text-text-2">
            <State kind={creation.state === 'waiting' ? 'offline' : 'working'}>
              {creation.state === 'waiting' ? 'Not sent yet' : 'Preparing the session'}
            </State>
            {creation.error?.message}
          </p>
        )}
      </div>
    </section>
  )
}
