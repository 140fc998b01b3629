import { SessionList } from '@pilot/chamber-ui/session/session-list.tsx'
import type { PilotClientError } from '@pilot/frontend/errors'
import type { WorkspaceInfo } from '@pilot/protocol/agent/rest'
import type { SessionView } from '@pilot/protocol/api/views'
import { useRouter } from '@tanstack/react-router'
import { TerminalsLink } from '../terminal/terminals-link.tsx'
import { isAway, WorkspaceFacts } from './machine-facts.tsx'
import type { WorkspacePlace } from './place.ts'

interface SessionsColumnProps extends Omit<WorkspacePlace, 'userId'> {
  /** The terminals are on screen beside it. */
  terminals: boolean
  info: WorkspaceInfo | undefined
  sessions: readonly SessionView[] | null
  error: PilotClientError | null
  onRetry: () => void
  currentId: string | null
  archived: boolean
  onArchivedChange: (archived: boolean) => void
}

/** The list of sessions with the workspace's name above it. */
export function SessionsColumn(props: SessionsColumnProps) {
  const { client, terminals, workspace, connection, info, ...list } = props
  const { slug } = client
  const router = useRouter()
  return (
    <SessionList
      {...list}
      title={workspace?.name ?? slug}
      facts={<WorkspaceFacts workspace={workspace} connection={connection} info={info} />}
      tools={<TerminalsLink client={client} current={terminals} settled={list.sessions !== null} />}
      hrefOf={(sessionId) => `/${slug}/s/${sessionId}`}
      onNew={() => void router.navigate({ to: '/$slug/new', params: { slug } })}
      stale={isAway(connection)}
    />
  )
}
