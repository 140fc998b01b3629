import type { TerminalAttachment, TerminalClient } from '@pilot/frontend/terminal/port'
import { useSyncExternalStore } from 'react'

/** What a terminal's client says of its attachment. */
export function useAttachment(terminal: TerminalClient): TerminalAttachment {
  return useSyncExternalStore(terminal.subscribe, terminal.get, terminal.get)
}
