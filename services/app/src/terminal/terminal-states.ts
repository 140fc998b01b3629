import type { WorkspaceLink } from '@pilot/frontend/link/workspace-link'
import { type LiveTerminals, noteTerminal } from '@pilot/frontend/terminal/fold-terminals'

/** What the machine said of its terminals since the page was loaded. */
export interface TerminalStates {
  get(): LiveTerminals
  subscribe(listener: () => void): () => void
  /** Told when a terminal is gone for good. */
  onClosed(listener: (id: string) => void): () => void
}

export function terminalStates(link: Pick<WorkspaceLink, 'onTerminalState'>): TerminalStates & { stop(): void } {
  const listeners = new Set<() => void>()
  const closedListeners = new Set<(id: string) => void>()
  let states: LiveTerminals = new Map()
  const stop = link.onTerminalState((message) => {
    const { terminal, closed } = message
    states = noteTerminal(states, message, Date.now())
    if (closed) for (const listener of closedListeners) listener(terminal.terminal_id)
    for (const listener of listeners) listener()
  })
  return {
    get: () => states,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onClosed: (listener) => {
      closedListeners.add(listener)
      return () => closedListeners.delete(listener)
    },
    stop,
  }
}
