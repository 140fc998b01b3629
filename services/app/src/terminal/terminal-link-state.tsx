import { State, StateShape } from '@pilot/chamber-ui/primitives/state.tsx'
import type { ConnectionState } from '@pilot/frontend/link/connection-state'
import type { TerminalAttachment, TerminalClient } from '@pilot/frontend/terminal/port'
import { useSyncExternalStore } from 'react'
import { linkWords } from './link-words.ts'
import { useSeconds } from './use-seconds.ts'

interface TerminalLinkStateProps {
  connection: ConnectionState
  /** The terminal in front; null: only the way to the machine counts. */
  terminal: TerminalClient | null
  compact?: boolean
}

const nothing = () => () => undefined

/** How true the picture is, with its age. */
export function TerminalLinkState({ connection, terminal, compact }: TerminalLinkStateProps) {
  const phase: TerminalAttachment['phase'] | null = useSyncExternalStore(
    terminal?.subscribe ?? nothing,
    () => terminal?.get().phase ?? null,
    () => null,
  )
  const now = useSeconds(connection.status === 'reconnecting')
  const { kind, text, short } = linkWords(connection, phase, now)
  return (
    <span className="flex min-w-0 shrink-0 items-center px-1.5" title={text}>
      {kind === 'good' ? (
        <span className="inline-flex items-center gap-1.5 whitespace-nowrap font-medium text-good text-xs">
          <StateShape kind="good" />
          {text}
        </span>
      ) : (
        <State kind={kind}>{compact ? (short ?? text) : text}</State>
      )}
    </span>
  )
}
