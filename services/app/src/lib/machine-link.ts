import type { LinkFacts } from '@pilot/chamber-ui/shell/model.ts'
import type { ConnectionState } from '@pilot/frontend/link/connection-state'
import { useEffect, useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
let shown: ConnectionState | null = null

function show(connection: ConnectionState | null): void {
  shown = connection
  for (const listener of listeners) listener()
}

/** Says how far the machine of the workspace on screen is, for the frame around the page. */
export function useShownMachineLink(connection: ConnectionState): void {
  useEffect(() => show(connection), [connection])
  useEffect(() => () => show(null), [])
}

/** The way to the machine of the workspace on screen; null on pages that need none. */
export function useMachineLink(): LinkFacts | null {
  const connection = useSyncExternalStore(subscribe, getShown, getNone)
  if (connection === null) return null
  const facts = { latency_ms: null, since: null, machine: true }
  switch (connection.status) {
    case 'live':
      return { ...facts, state: 'live', latency_ms: connection.rtt_ms }
    case 'connecting':
      return { ...facts, state: 'connecting' }
    case 'machine_offline':
      return { ...facts, state: 'offline', since: new Date(connection.since) }
    case 'reconnecting':
    case 'refused':
      return { ...facts, state: 'offline', since: new Date(connection.since), machine: false }
  }
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
const getShown = () => shown
const getNone = () => null
