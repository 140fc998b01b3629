import { sinceWhen } from '@pilot/chamber-ui/primitives/relative-time.tsx'
import type { StateKind } from '@pilot/chamber-ui/primitives/state.tsx'
import type { ConnectionState } from '@pilot/frontend/link/connection-state'
import type { TerminalAttachment } from '@pilot/frontend/terminal/port'

export interface LinkWords {
  kind: StateKind
  text: string
  /** For where there is little room; left out when the text is short. */
  short?: string
}

/** An answer of the machine older than this, in ms, no longer counts as live. */
const STALE_MS = 20_000

/** How true the picture of a terminal is right now: the way to its machine, then the attachment itself. */
export function linkWords(
  connection: ConnectionState,
  phase: TerminalAttachment['phase'] | null,
  now: Date,
): LinkWords {
  switch (connection.status) {
    case 'connecting':
      return { kind: 'working', text: 'Connecting…' }
    case 'reconnecting': {
      const since = `Stale since ${sinceWhen(new Date(connection.since), now)}`
      if (connection.retry_at === null) return { kind: 'offline', text: since, short: since }
      const seconds = Math.max(0, Math.ceil((connection.retry_at - now.getTime()) / 1_000))
      return {
        kind: 'offline',
        short: since,
        text: seconds === 0 ? `${since} · reconnecting` : `${since} · reconnecting in ${seconds} s`,
      }
    }
    case 'machine_offline':
      return {
        kind: 'offline',
        text: `Machine offline since ${sinceWhen(new Date(connection.since), now)}`,
        short: `Offline since ${sinceWhen(new Date(connection.since), now)}`,
      }
    case 'refused':
      return { kind: 'failed', text: 'Connection closed' }
    case 'live':
      break
  }
  if (phase === 'attaching' || phase === 'waiting') return { kind: 'working', text: 'Attaching…' }
  if (phase === 'catching_up') return { kind: 'working', text: 'Catching up…' }
  if (phase === 'refused') return { kind: 'failed', text: 'Not attached' }
  if (now.getTime() - connection.at > STALE_MS) {
    return { kind: 'unknown', text: `Last heard at ${sinceWhen(new Date(connection.at), now)}` }
  }
  return { kind: 'good', text: `Live · ${Math.round(connection.rtt_ms)} ms` }
}
