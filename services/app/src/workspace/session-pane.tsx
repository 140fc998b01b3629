import { recordsOf } from '@pilot/frontend/commands/outbox'
import { useOutbox } from '@pilot/frontend/commands/use-outbox'
import type { SessionId } from '@pilot/frontend/runtime/runtime-apis'
import type { SessionView } from '@pilot/protocol/api/views'
import { useMemo } from 'react'
import { LiveSession } from './live-session.tsx'
import { NewSession } from './new-session.tsx'
import type { WorkspacePlace } from './place.ts'

export interface SessionPaneProps extends WorkspacePlace {
  /** From the address; everything that is written here goes to this session. */
  sessionId: SessionId
  /** The list's row, when it is known. */
  row: SessionView | null
}

/** The session in the address: being made by this browser, or on the machine. */
export function SessionPane(props: SessionPaneProps) {
  const { client, sessionId } = props
  const all = useOutbox(client.outbox)
  const records = useMemo(() => recordsOf(all, sessionId), [all, sessionId])
  const creation = records.find((record) => record.request.kind === 'create')
  return creation ? (
    <NewSession {...props} creation={creation} records={records} />
  ) : (
    <LiveSession {...props} records={records} />
  )
}
