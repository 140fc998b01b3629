import { answeredText, PermissionCard } from '@pilot/chamber-ui/chat/permission-card.tsx'
import { QuestionCard } from '@pilot/chamber-ui/chat/question-card.tsx'
import { Transcript } from '@pilot/chamber-ui/chat/transcript.tsx'
import { EmptyState, ErrorState, OfflineBar } from '@pilot/chamber-ui/primitives/notice.tsx'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import { useMedia } from '@pilot/chamber-ui/primitives/use-media.ts'
import { SessionHeader } from '@pilot/chamber-ui/session/session-header.tsx'
import { TranscriptSkeleton } from '@pilot/chamber-ui/session/session-skeleton.tsx'
import { BackLink } from '@pilot/chamber-ui/shell/back-link.tsx'
import type { OutboxRecord } from '@pilot/frontend/commands/outbox-record'
import { useSession } from '@pilot/frontend/session/use-session'
import type { SessionState } from '@pilot/protocol/agent/fold'
import type { FileChange } from '@pilot/protocol/agent/model'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { NotFoundScreen } from '../screens/not-found-screen.tsx'
import { WIDE } from './breakpoints.ts'
import { ChangesPane } from './changes-pane.tsx'
import { isAway, useAwayText } from './machine-facts.tsx'
import { pendingPrompts } from './pending.ts'
import { SessionDialogs, useSessionActions } from './session-actions.tsx'
import { SessionComposer } from './session-composer.tsx'
import type { SessionPaneProps } from './session-pane.tsx'
import { useAnswers } from './use-answers.ts'
import { draftKey } from './use-draft.ts'
import { usePanel } from './use-panel.ts'
import { type ComposerHandle, usePromptActions } from './use-prompt-actions.ts'

interface LiveSessionProps extends SessionPaneProps {
  records: readonly OutboxRecord[]
}

/** A session on the machine: conversation, what it waits for, composer, and its changes beside it. */
export function LiveSession(props: LiveSessionProps) {
  const { userId, client, sessionId, row, workspace, connection, records } = props
  const store = client.session(sessionId)
  useEffect(() => client.hold(sessionId), [client, sessionId])
  const view = useSession(store)
  const { state } = view
  const pending = useMemo(() => pendingPrompts(records), [records])
  const draft = draftKey(userId, client.slug, sessionId)
  const composer = useRef<ComposerHandle>(null)
  const promptActions = usePromptActions(client, sessionId, draft, composer)
  const answers = useAnswers(client, sessionId, state, records)
  const { header, dialogs } = useSessionActions(client, store, state.session)
  const panel = usePanel()
  const wide = useMedia(WIDE)
  const [covered, setCovered] = useState(false)
  const machine = workspace?.machine?.name ?? 'The machine'
  const away = useAwayText(connection, machine)
  const loadOutput = useCallback(
    (part: string) => client.apis.sessions.partOutput(sessionId, part),
    [client, sessionId],
  )
  useAnswerNews(state, userId, answers.isMine)

  // The list knows it by now: it was made after this address was opened.
  const known = row !== null
  useEffect(() => {
    if (view.phase === 'missing' && known) store.refresh()
  }, [view.phase, known, store])

  if (view.phase === 'missing') return <NotFoundScreen />
  const totals = totalsOf(state.changes)
  const permissions = state.permissions.filter((permission) => permission.resolution === null)
  const questions = state.questions.filter((question) => question.resolution === null)
  const open = permissions.length + questions.length
  const place = open > 1 ? `1 of ${open}` : null
  const [permission] = permissions
  const [question] = questions
  // Beside the work it may open by itself; over the work it opens only when it is asked for.
  const panelOpen = wide ? (panel.open ?? totals.files > 0) : covered
  const showPanel = (open: boolean) => (wide ? panel.change({ open }) : setCovered(open))
  return (
    <>
      <section aria-label="Session" className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface">
        <SessionHeader
          session={state.session}
          fallbackTitle={row?.title ?? ''}
          workspaceName={workspace?.name ?? client.slug}
          changes={totals}
          panelOpen={panelOpen}
          onTogglePanel={() => showPanel(!panelOpen)}
          back={<BackLink href={`/${client.slug}`} label="Back to the sessions" />}
          actions={header}
        />
        {away && connection.status === 'machine_offline' ? (
          <OfflineBar onRetry={client.link.wake}>{away} What you see is how it was then.</OfflineBar>
        ) : null}
        {view.phase === 'failed' && view.error ? (
          <div className="shrink-0 p-4 md:p-5">
            <ErrorState
              className="mx-auto w-full max-w-[720px]"
              error={view.error}
              title="The conversation could not be loaded."
              kept="It is safe on its machine."
              onRetry={store.refresh}
            />
          </div>
        ) : null}
        {view.phase === 'loading' && pending.length === 0 && state.commands.length === 0 ? (
          <TranscriptSkeleton />
        ) : (
          <Transcript
            state={state}
            pending={pending}
            hasMore={view.has_more}
            older={view.older}
            onLoadOlder={store.loadOlder}
            stale={isAway(connection)}
            empty={
              view.phase === 'failed' ? null : (
                <EmptyState className="my-auto" title="Nothing said yet">
                  Write below what should be done.
                </EmptyState>
              )
            }
            actions={promptActions}
            loadOutput={loadOutput}
          />
        )}
        {permission ? (
          <PermissionCard
            key={permission.id}
            permission={permission}
            place={state.session?.worktree ? 'the worktree' : 'the workspace'}
            position={place}
            answer={answers.stateOf(permission.id)}
            onReply={(reply, message) => answers.reply(permission.id, reply, message)}
          />
        ) : question ? (
          <QuestionCard
            key={question.id}
            question={question}
            position={place}
            answer={answers.stateOf(question.id)}
            onAnswer={(given) => answers.answer(question.id, given)}
          />
        ) : (
          <SessionComposer
            client={client}
            sessionId={sessionId}
            session={state.session}
            records={records}
            away={away}
            draft={draft}
            handle={composer}
            onRestore={() => header.onArchive(false)}
          />
        )}
      </section>
      <ChangesPane
        client={client}
        sessionId={sessionId}
        state={state}
        stale={isAway(connection)}
        open={panelOpen}
        wide={wide}
        width={panel.width}
        onWidth={(width) => panel.change({ width })}
        onClose={() => showPanel(false)}
      />
      <SessionDialogs {...dialogs} session={state.session} />
    </>
  )
}

function totalsOf(changes: readonly FileChange[]) {
  const totals = { files: changes.length, additions: 0, deletions: 0 }
  for (const file of changes) {
    totals.additions += file.additions
    totals.deletions += file.deletions
  }
  return totals
}

/** Says who answered when a request on this screen was answered somewhere else. */
function useAnswerNews(state: SessionState, userId: string, isMine: (asked: string) => boolean): void {
  const open = useRef<ReadonlySet<string>>(new Set())
  useEffect(() => {
    for (const permission of state.permissions) {
      if (!open.current.has(permission.id) || permission.resolution === null || isMine(permission.id)) continue
      const text = answeredText(permission, (by) => (by === userId ? 'you elsewhere' : 'somebody else'))
      if (text) toast(text)
    }
    open.current = new Set(state.permissions.filter(({ resolution }) => resolution === null).map(({ id }) => id))
  }, [state.permissions, userId, isMine])
}
