import type { PilotClientError } from '@pilot/frontend/errors'
import { foldTerminals } from '@pilot/frontend/terminal/fold-terminals'
import type { TerminalView } from '@pilot/protocol/terminal/rest'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { queryClient } from '../lib/gateway.ts'
import { isAway } from '../workspace/machine-facts.tsx'
import { useConnection } from '../workspace/use-workspace.ts'
import type { WorkspaceClient } from '../workspace/workspace-client.ts'
import { terminalApi } from './terminal-apis.ts'
import { terminalRows } from './terminal-rows.ts'

const keyOf = (slug: string) => ['runtime', slug, 'terminals'] as const

/**
 * The workspace's terminals: the control plane's rows with what the machine said since. Null while they are fetched, and
 * as long as they are not `wanted`.
 */
export function useTerminalList(client: WorkspaceClient, wanted = true) {
  const { slug } = client
  const query = useQuery<TerminalView[], PilotClientError>({
    queryKey: keyOf(slug),
    queryFn: ({ signal }) => terminalApi(slug).list({ signal }),
    staleTime: 10_000,
    enabled: wanted,
  })
  const live = useSyncExternalStore(
    client.terminalStates.subscribe,
    client.terminalStates.get,
    client.terminalStates.get,
  )
  const views = query.data
  const readAt = query.dataUpdatedAt
  const folded = useMemo(() => (views ? foldTerminals(views, readAt, live) : null), [views, readAt, live])
  const unknown = folded?.unknown ?? false
  useEffect(() => {
    if (unknown) refreshTerminals(slug)
  }, [unknown, slug])
  useEffect(() => client.terminalStates.onClosed((id) => dropTerminal(slug, id)), [client, slug])
  useEffect(() => client.link.onUp(() => refreshTerminals(slug)), [client, slug])
  const away = isAway(useConnection(client))
  const rows = useMemo(() => (folded ? terminalRows(folded.terminals, away) : null), [folded, away])
  return { rows, error: query.error, refetch: query.refetch, away }
}

/** Reads the list again. */
export function refreshTerminals(slug: string): void {
  void queryClient.invalidateQueries({ queryKey: keyOf(slug) })
}

/** Puts an answer of the server into the list at once. */
export function noteTerminal(slug: string, view: TerminalView): void {
  queryClient.setQueryData<TerminalView[]>(keyOf(slug), (known) =>
    known ? [...known.filter(({ id }) => id !== view.id), view] : known,
  )
}

export function dropTerminal(slug: string, id: string): void {
  queryClient.setQueryData<TerminalView[]>(keyOf(slug), (known) => known?.filter((view) => view.id !== id))
}
