import type { TerminalStateMessage } from '@pilot/protocol/messages/terminal-state'
import type { TerminalStatus } from '@pilot/protocol/terminal/model'
import type { TerminalView } from '@pilot/protocol/terminal/rest'

/** The last thing that the machine said of each terminal, and when it came, ms since the epoch. */
export type LiveTerminals = ReadonlyMap<string, { message: TerminalStateMessage; at: number }>

export interface ListedTerminal extends TerminalView {
  /** What the machine said last; null when it said nothing since the page was loaded. */
  live: TerminalStatus | null
  /** What to show as its name: the user's, else the program's own title, else the foreground program; may be empty. */
  label: string
}

/** Adds one message to what is known. */
export function noteTerminal(live: LiveTerminals, message: TerminalStateMessage, at: number): LiveTerminals {
  return new Map(live).set(message.terminal.terminal_id, { message, at })
}

/**
 * The list of terminals: rows as they were read at `readAt`, with what the machine said since. What it said before is
 * in the rows already, which know more: a terminal that the machine has lost says nothing any more. `unknown` is true
 * when the machine told of one that the rows lack: read them again.
 */
export function foldTerminals(
  rows: readonly TerminalView[],
  readAt: number,
  live: LiveTerminals,
): { terminals: ListedTerminal[]; unknown: boolean } {
  const terminals: ListedTerminal[] = []
  for (const row of rows) {
    const known = live.get(row.id)
    const newer = known !== undefined && known.at >= readAt
    if (row.state === 'archived' || (newer && known.message.closed)) continue
    const status = known && (newer || row.state === known.message.terminal.state) ? known.message.terminal : null
    const { state, exit_code, cols, rows: lines, mode } = (newer && status) || row
    const label = row.title || status?.title || status?.process || ''
    terminals.push({ ...row, state, exit_code, cols, rows: lines, mode, live: status, label })
  }
  const listed = new Set<string>(rows.map(({ id }) => id))
  const unknown = [...live].some(([id, { message, at }]) => !message.closed && at >= readAt && !listed.has(id))
  return { terminals, unknown }
}
