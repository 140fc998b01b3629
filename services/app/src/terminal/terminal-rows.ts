import type { StateKind } from '@pilot/chamber-ui/primitives/state.tsx'
import { runningText, terminalTitle } from '@pilot/chamber-ui/terminal/title.ts'
import type { ListedTerminal } from '@pilot/frontend/terminal/fold-terminals'
import type { TerminalStatus } from '@pilot/protocol/terminal/model'
import type { TerminalView } from '@pilot/protocol/terminal/rest'

/** One terminal of a list: the control plane's row with what its machine said since. */
export interface TerminalRow {
  id: TerminalView['id']
  view: TerminalView
  status: TerminalStatus | null
  title: string
  running: string
  state: TerminalView['state']
  exitCode: number | null
  reason: string | null
  kind: StateKind
  word: string
}

/** Terminals in the order in which they were opened. While the machine is away nothing is known to run. */
export function terminalRows(terminals: readonly ListedTerminal[], away = false): TerminalRow[] {
  return terminals
    .toSorted((a, b) => a.created_at.localeCompare(b.created_at))
    .map(({ live, label: _, ...view }) => {
      const { state, exit_code: exitCode } = view
      const facts = {
        name: view.title,
        title: live?.title ?? '',
        process: live?.process ?? '',
        commandKind: view.command_kind,
      }
      return {
        id: view.id,
        view,
        status: live,
        title: terminalTitle(facts),
        running: state === 'running' ? runningText(facts) : '',
        state,
        exitCode,
        reason: live?.reason ?? null,
        ...(away && (state === 'running' || state === 'starting')
          ? { kind: 'unknown' as const, word: 'Running when last heard' }
          : stateOf(state, exitCode)),
      }
    })
}

function stateOf(state: TerminalView['state'], exitCode: number | null): { kind: StateKind; word: string } {
  switch (state) {
    case 'starting':
      return { kind: 'working', word: 'Starting' }
    case 'running':
      return { kind: 'good', word: 'Running' }
    case 'lost':
      return { kind: 'unknown', word: 'Lost' }
    case 'error':
      return { kind: 'failed', word: 'Failed' }
    case 'ended':
    case 'archived':
      return exitCode ? { kind: 'failed', word: `Ended with code ${exitCode}` } : { kind: 'offline', word: 'Ended' }
  }
}

const SHELLS = /^-?(?:ba|z|fi|da|k|tc|c)?sh$|^nu$|^pwsh$|^xonsh$|^elvish$/

/** The program in the foreground that closing would end; null when only a shell waits for its next command. */
export function busyWith({ state, status }: Pick<TerminalRow, 'state' | 'status'>): string | null {
  if (state !== 'running' || !status) return null
  return status.process === '' || SHELLS.test(status.process) ? null : status.process
}
