import type { SessionView } from '@pilot/protocol/api/views'
import { Archive, Plus } from 'lucide-react'
import { memo, type ReactNode, useMemo, useRef, useState } from 'react'
import { LineCount } from '../chat/line-count.tsx'
import { Button, IconButton } from '../primitives/button.tsx'
import { cn } from '../primitives/cn.ts'
import { EmptyState, type ErrorFacts, ErrorState } from '../primitives/notice.tsx'
import { RelativeTime } from '../primitives/relative-time.tsx'
import { Skeleton } from '../primitives/skeleton.tsx'
import { State, StateShape } from '../primitives/state.tsx'
import { AppLink } from '../shell/link.tsx'
import { groupSessions, keepLayout, NEED_TITLES, needOf, type SessionGroup, stateOf } from './session-groups.ts'

interface SessionListProps {
  title: string
  /** Machine, branch and the like, under the title. */
  facts: ReactNode
  /** Other things of the workspace, above the sessions. */
  tools?: ReactNode
  sessions: readonly SessionView[] | null
  error: ErrorFacts | null
  onRetry: () => void
  currentId: string | null
  /** Shows archived sessions instead of the others. */
  archived: boolean
  onArchivedChange: (archived: boolean) => void
  /** Path of a session's page. */
  hrefOf: (sessionId: string) => string
  onNew: () => void
  /** The rows may be old. */
  stale: boolean
}

/** The sessions of a workspace, grouped by what they need. */
export function SessionList(props: SessionListProps) {
  const { title, facts, tools, sessions, error, onRetry, archived, onArchivedChange, hrefOf, onNew, currentId, stale } =
    props
  const [hovered, setHovered] = useState(false)
  const groups = useStillGroups(sessions, archived, hovered)
  return (
    <nav aria-label="Sessions" className="flex h-full min-h-0 flex-col bg-bg">
      <header className="flex h-14 shrink-0 items-center gap-1 pr-3 pl-4">
        <h1 className="min-w-0 flex-1 truncate font-semibold text-lg tracking-tight">{title}</h1>
        <IconButton
          label={archived ? 'Show open sessions' : 'Show archived sessions'}
          aria-pressed={archived}
          className={archived ? 'bg-sunken' : ''}
          onClick={() => onArchivedChange(!archived)}
        >
          <Archive aria-hidden="true" />
        </IconButton>
        <Button variant="primary" onClick={onNew}>
          <Plus aria-hidden="true" /> New
        </Button>
      </header>
      <div className="flex min-h-5 shrink-0 items-center gap-2 overflow-hidden px-4 pb-1.5 text-text-3 text-xs">
        {facts}
      </div>
      {tools}
      <div
        className={cn('min-h-0 flex-1 overflow-y-auto overscroll-contain pb-6', stale && 'grayscale')}
        onPointerEnter={(event) => setHovered(event.pointerType === 'mouse')}
        onPointerLeave={() => setHovered(false)}
      >
        {error ? (
          <ErrorState className="m-4" error={error} title="The sessions could not be loaded." onRetry={onRetry} />
        ) : null}
        {groups === null && !error ? <Rows /> : null}
        {groups?.length === 0 ? (
          archived ? (
            <EmptyState icon={<Archive />} title="Nothing archived">
              Sessions that you archive are kept here with their history and can be restored.
            </EmptyState>
          ) : (
            <EmptyState title="No sessions yet" action={<Button onClick={onNew}>Start the first task</Button>}>
              A session is one task: its own conversation, branch and changes.
            </EmptyState>
          )
        ) : null}
        {groups?.map((group) => (
          <section key={group.need} aria-labelledby={`need-${group.need}`}>
            <h2 id={`need-${group.need}`} className="px-4 pt-3.5 pb-1 font-medium text-text-3 text-xs">
              {NEED_TITLES[group.need]}
            </h2>
            <ul>
              {group.sessions.map((session) => (
                <li key={session.id}>
                  <AppLink
                    href={hrefOf(session.id)}
                    aria-current={session.id === currentId ? 'page' : undefined}
                    className={cn(
                      'grid min-h-11 grid-cols-1 content-center gap-0.5 border-l-2 py-2.25 pr-4 pl-3.5 focus-visible:-outline-offset-2',
                      session.id === currentId ? 'border-accent bg-surface' : 'border-transparent hover:bg-sunken',
                    )}
                  >
                    <Item session={session} />
                  </AppLink>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </nav>
  )
}

const Item = memo(function Item({ session }: { session: SessionView }) {
  const need = needOf(session)
  const { kind, word } = stateOf(session)
  return (
    <>
      <span className="flex items-baseline gap-2">
        <span className={cn('min-w-0 flex-1 truncate font-medium', session.title === '' && 'text-text-2')}>
          {session.title || 'New session'}
        </span>
        <RelativeTime iso={session.last_activity_at} className="shrink-0 text-text-3 text-xs tabular-nums" />
      </span>
      <span className="flex min-h-4.5 min-w-0 items-center gap-2 text-text-2 text-xs">
        {need === 'waiting' || need === 'failed' ? (
          <State kind={kind} className="min-w-0 [&>span:last-child]:truncate">
            {session.activity || word}
          </State>
        ) : need === 'working' ? (
          <>
            <StateShape kind="working" />
            <span className="sr-only">{word}: </span>
            <span className="truncate">{session.activity || word}</span>
          </>
        ) : (
          <>
            <LineCount additions={session.additions} deletions={session.deletions} />
            <span className="truncate">{session.activity || (session.branch ?? word)}</span>
          </>
        )}
      </span>
    </>
  )
})

function Rows() {
  return (
    <div role="status" className="pt-3.5">
      <span className="sr-only">Loading the sessions</span>
      {[52, 40, 60, 46].map((width) => (
        <div key={width} className="grid min-h-11 content-center gap-2 py-2.25 pr-4 pl-4">
          <Skeleton className="w-3/5" />
          <Skeleton className="h-2.5 w-2/5" />
        </div>
      ))}
    </div>
  )
}

/** The groups of now, except that their order waits while a pointer is over them. */
function useStillGroups(
  sessions: readonly SessionView[] | null,
  archived: boolean,
  still: boolean,
): SessionGroup[] | null {
  const layout = useRef<{ archived: boolean; groups: SessionGroup[] } | null>(null)
  return useMemo(() => {
    if (sessions === null) return null
    const held = still && layout.current?.archived === archived ? layout.current.groups : null
    const groups = held ? keepLayout(held, sessions) : groupSessions(sessions, archived)
    layout.current = { archived, groups }
    return groups
  }, [sessions, archived, still])
}
