import { ChangesPanel } from '@pilot/chamber-ui/diff/changes-panel.tsx'
import { Sheet } from '@pilot/chamber-ui/primitives/sheet.tsx'
import { useMedia } from '@pilot/chamber-ui/primitives/use-media.ts'
import { SidePanel } from '@pilot/chamber-ui/session/side-panel.tsx'
import { type PilotClientError, toClientError } from '@pilot/frontend/errors'
import type { SessionId } from '@pilot/frontend/runtime/runtime-apis'
import type { SessionState } from '@pilot/protocol/agent/fold'
import type { SessionDiff } from '@pilot/protocol/agent/rest'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useOpenTerminal } from '../terminal/use-open-terminal.ts'
import { PHONE } from './breakpoints.ts'
import type { WorkspaceClient } from './workspace-client.ts'

/** Hunks are fetched when the list of changes has been still for this long, in ms. */
const STILL_MS = 400

interface ChangesPaneProps {
  client: WorkspaceClient
  sessionId: SessionId
  state: SessionState
  stale: boolean
  open: boolean
  /** There is room beside the conversation. */
  wide: boolean
  width: number
  onWidth: (width: number) => void
  onClose: () => void
}

/** The session's changes: a panel beside the work on a wide screen, over it on a narrower one, a sheet on a phone. */
export function ChangesPane(props: ChangesPaneProps) {
  const { client, sessionId, state, stale, open, wide, width, onWidth, onClose } = props
  const phone = useMedia(PHONE)
  const openTerminal = useOpenTerminal(client.slug)
  const version = useStill(
    state.changes.map((file) => `${file.path}:${file.kind}:${file.additions}:${file.deletions}`).join('\n'),
  )
  const diff = useQuery<SessionDiff, PilotClientError>({
    queryKey: ['runtime', client.slug, 'diff', sessionId, version],
    queryFn: async ({ signal }) => {
      try {
        return await client.apis.sessions.diff(sessionId, undefined, { signal })
      } catch (cause) {
        signal.throwIfAborted()
        throw toClientError(cause)
      }
    },
    enabled: open && version !== '',
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  })
  if (!open) return null
  const content = (
    <ChangesPanel
      changes={state.changes}
      truncated={state.changes_truncated || (diff.data?.truncated ?? false)}
      diff={diff.data ?? null}
      error={diff.data ? null : diff.error}
      loading={diff.isFetching}
      onRetry={() => void diff.refetch()}
      stale={stale}
      onOpenTerminal={(cwd) => openTerminal({ agent_session_id: sessionId, cwd })}
      loadFile={async (path) => {
        const one = await client.apis.sessions.diff(sessionId, path)
        return one.files.find((file) => file.path === path)?.patch ?? null
      }}
    />
  )
  if (!wide) {
    return (
      <Sheet
        open
        onOpenChange={(next) => {
          if (!next) onClose()
        }}
        title="Changes"
        side={phone ? 'bottom' : 'right'}
        className={phone ? 'h-[88dvh]' : ''}
      >
        {content}
      </Sheet>
    )
  }
  return (
    <SidePanel
      width={width}
      onWidthChange={onWidth}
      onClose={onClose}
      title={
        <>
          Changes <span className="font-normal text-text-3">{state.changes.length}</span>
        </>
      }
    >
      {content}
    </SidePanel>
  )
}

/** The value once it has not changed for a while; the first one at once. */
function useStill(value: string): string {
  const [still, setStill] = useState(value)
  useEffect(() => {
    if (value === still) return
    const timer = setTimeout(() => setStill(value), still === '' ? 0 : STILL_MS)
    return () => clearTimeout(timer)
  }, [value, still])
  return still
}
