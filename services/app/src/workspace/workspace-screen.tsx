import { useMedia } from '@pilot/chamber-ui/primitives/use-media.ts'
import { groupSessions, needOf, tabTitle } from '@pilot/chamber-ui/session/session-groups.ts'
import { TranscriptSkeleton } from '@pilot/chamber-ui/session/session-skeleton.tsx'
import { useShortcuts } from '@pilot/chamber-ui/shell/use-shortcuts.ts'
import type { Id } from '@pilot/domain/ids'
import { isId } from '@pilot/domain/ids'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { lazy, Suspense, useMemo, useState } from 'react'
import { useDocumentTitle } from '../lib/document-title.ts'
import { gateway } from '../lib/gateway.ts'
import { useShownMachineLink } from '../lib/machine-link.ts'
import { NotFoundScreen } from '../screens/not-found-screen.tsx'
import { WIDE } from './breakpoints.ts'
import { FirstTaskPane } from './first-task-pane.tsx'
import { SessionsColumn } from './sessions-column.tsx'
import { useConnection, useSessions, useWorkspaceClient } from './use-workspace.ts'

/** Conversation, Markdown and diff are fetched when a session is opened. */
const SessionPane = lazy(() => import('./session-pane.tsx').then((module) => ({ default: module.SessionPane })))
/** The emulator is fetched when the terminals are opened. */
const TerminalsPane = lazy(() =>
  import('../terminal/terminals-pane.tsx').then((module) => ({ default: module.TerminalsPane })),
)

export interface WorkspaceScreenProps {
  slug: string
  /** The session in the address: the only one that anything written here goes to. */
  sessionId?: string
  mode?: 'new'
  /** The terminals: the one in the address, or (null) whichever had the focus. Left out on other pages. */
  terminalId?: string | null
}

/** A workspace: its sessions, and beside them the session or the new task that the address names. */
export function WorkspaceScreen(props: WorkspaceScreenProps) {
  const session = useQuery(gateway.query('user.session'))
  const user = session.data?.user
  return user ? <Workspace {...props} userId={user.id} /> : null
}

function Workspace({ slug, sessionId, mode, terminalId, userId }: WorkspaceScreenProps & { userId: Id<'user'> }) {
  const client = useWorkspaceClient(userId, slug)
  const router = useRouter()
  const connection = useConnection(client)
  useShownMachineLink(connection)
  const wide = useMedia(WIDE)
  const [archived, setArchived] = useState(false)
  const [listBeside, setListBeside] = useState(true)
  const workspace = useQuery(gateway.query('workspace.get', { workspace_slug: slug })).data
  const { sessions, error, refetch } = useSessions(client, workspace, archived)
  // Each new session may have brought a worktree.
  const made = sessions?.filter((session) => session.status !== 'creating').length ?? 0
  const info = useQuery({
    queryKey: ['runtime', slug, 'workspace', made],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => client.apis.workspace({ signal }),
    staleTime: 30_000,
    // The sessions name the question: asked before they are known, it would be asked twice.
    enabled: connection.status === 'live' && sessions !== null,
  }).data
  const current = sessions?.find((session) => session.id === sessionId) ?? null
  const waiting = sessions?.filter((session) => needOf(session) === 'waiting' && session.id !== sessionId).length ?? 0
  const ordered = useMemo(
    () => groupSessions(sessions ?? [], archived).flatMap((group) => group.sessions),
    [sessions, archived],
  )
  const step = (by: 1 | -1) => () => {
    const at = ordered.findIndex((session) => session.id === sessionId)
    const next = ordered[at < 0 ? 0 : at + by]
    if (next) void router.navigate({ to: '/$slug/s/$sessionId', params: { slug, sessionId: next.id } })
  }
  useShortcuts({ j: step(1), k: step(-1) })
  const terminals = terminalId !== undefined
  useDocumentTitle(...(terminals ? [] : [tabTitle(current, workspace?.name ?? slug, waiting)]))
  if (sessionId !== undefined && !isId('agent_session', sessionId)) return <NotFoundScreen />
  if (terminals && terminalId !== null && !isId('terminal', terminalId)) return <NotFoundScreen />

  const place = { userId, client, workspace, connection }
  const empty = sessions?.length === 0 && !archived
  const index = sessionId === undefined && mode !== 'new' && !terminals
  const listWide = terminals ? listBeside : sessionId !== undefined || !empty
  const showList = wide ? listWide : index && !empty
  const showTask = sessionId === undefined && !terminals && (mode === 'new' || empty || (wide && sessions !== null))
  return (
    <div className="flex min-h-0 flex-1">
      {showList ? (
        <div className="min-w-0 border-line max-lg:flex-1 lg:w-[300px] lg:shrink-0 lg:border-r">
          <SessionsColumn
            client={client}
            workspace={workspace}
            connection={connection}
            terminals={terminals}
            info={info}
            sessions={sessions}
            error={sessions === null ? error : null}
            onRetry={() => void refetch()}
            currentId={sessionId ?? null}
            archived={archived}
            onArchivedChange={setArchived}
          />
        </div>
      ) : null}
      {terminals ? (
        <Suspense fallback={<div className="flex-1 bg-surface" />}>
          <TerminalsPane
            {...place}
            terminalId={terminalId}
            listShown={listBeside}
            onToggleList={() => setListBeside(!listBeside)}
          />
        </Suspense>
      ) : sessionId !== undefined ? (
        <Suspense fallback={<TranscriptSkeleton />}>
          <SessionPane key={sessionId} {...place} sessionId={sessionId} row={current} />
        </Suspense>
      ) : showTask ? (
        <div className="min-w-0 flex-1">
          <FirstTaskPane {...place} info={info} showBack={mode === 'new' && !empty} />
        </div>
      ) : wide ? (
        <div className="flex-1 bg-surface" />
      ) : null}
    </div>
  )
}
