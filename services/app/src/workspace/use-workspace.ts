import type { Id } from '@pilot/domain/ids'
import type { OutboxRecord } from '@pilot/frontend/commands/outbox-record'
import { useOutbox } from '@pilot/frontend/commands/use-outbox'
import type { ConnectionState } from '@pilot/frontend/link/connection-state'
import { mergeSummaries } from '@pilot/frontend/session/summary-store'
import type { SessionView, WorkspaceView } from '@pilot/protocol/api/views'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { gateway } from '../lib/gateway.ts'
import { holdWorkspace, type WorkspaceClient, workspaceClient } from './workspace-client.ts'

/** Sessions that a list asks for at once; older ones are found in the archive. */
const LIST_LIMIT = 200
/** Longest title made of a prompt, in characters. */
const TITLE_CHARS = 80

/** The workspace's client, held as long as the component is on screen. */
export function useWorkspaceClient(userId: Id<'user'>, slug: string): WorkspaceClient {
  const client = workspaceClient(userId, slug)
  useEffect(() => holdWorkspace(userId, slug), [userId, slug])
  return client
}

/** What this tab knows of the way to the machine. */
export function useConnection(client: WorkspaceClient): ConnectionState {
  return useSyncExternalStore(client.link.subscribe, client.link.getState, client.link.getState)
}

/** The workspace's sessions: the control plane's rows, what the machine said since, and those being made here. */
export function useSessions(client: WorkspaceClient, workspace: WorkspaceView | undefined, archived: boolean) {
  const input = { workspace_slug: client.slug, limit: LIST_LIMIT, ...(archived ? { archived: true } : {}) }
  const query = useQuery(gateway.query('workspace.sessions', input))
  const summaries = useSyncExternalStore(client.summaries.subscribe, client.summaries.get, client.summaries.get)
  const records = useOutbox(client.outbox)
  const rows = query.data?.items
  const workspaceId = workspace?.id
  const sessions = useMemo(() => {
    if (!rows) return null
    const merged = mergeSummaries(rows, summaries)
    if (workspaceId === undefined) return merged
    const known = new Set<string>(merged.map((row) => row.id))
    return [...merged, ...beingMade(records, workspaceId).filter((row) => !known.has(row.id))]
  }, [rows, summaries, records, workspaceId])
  return { sessions, error: query.error, refetch: query.refetch }
}

/** Rows of the sessions whose making is not confirmed yet. */
function beingMade(records: readonly OutboxRecord[], workspaceId: Id<'workspace'>): SessionView[] {
  return records.flatMap((record) => {
    if (record.request.kind !== 'create') return []
    const prompt = records.find((other) => other.session_id === record.session_id && other.request.kind === 'prompt')
    const text = prompt?.request.kind === 'prompt' ? prompt.request.text : ''
    return [
      {
        id: record.session_id,
        workspace_id: workspaceId,
        agent: 'opencode' as const,
        title: titleOf(text),
        status: record.state === 'refused' ? ('error' as const) : ('creating' as const),
        attention: 'none' as const,
        activity: record.error?.message ?? (record.state === 'waiting' ? 'Not sent yet' : 'Preparing'),
        branch: null,
        additions: 0,
        deletions: 0,
        parent_id: null,
        created_at: record.created_at,
        last_activity_at: record.created_at,
        archived_at: null,
        epoch: '',
        seq: 0,
      },
    ]
  })
}

/** The first line of a prompt, short enough for a list. */
export function titleOf(prompt: string): string {
  const line = prompt.trim().split('\n')[0]?.trim() ?? ''
  return line.length > TITLE_CHARS
    ? `${line
        .slice(0, TITLE_CHARS - 1)
        .toWellFormed()
        .trimEnd()}…`
    : line.toWellFormed()
}
