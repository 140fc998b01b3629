import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import type { TerminalId } from '@pilot/domain/entities/terminal'
import { type PilotClientError, toClientError } from '@pilot/frontend/errors'
import { useState } from 'react'
import { openTerminal, type TerminalWish } from './open-terminal.ts'
import { terminalApi } from './terminal-apis.ts'
import { busyWith, type TerminalRow } from './terminal-rows.ts'
import { dropTerminal, noteTerminal } from './use-terminal-list.ts'

/** A terminal about to be closed although something runs in it. */
export interface Closing {
  row: TerminalRow
  /** What runs; null when only the machine knows. */
  program: string | null
  force: boolean
}

/** Opening, naming and ending the terminals of a workspace, with what is under way and what went wrong. */
export function useTerminalActions(slug: string, onEnded: (id: TerminalId) => void) {
  const [busy, setBusy] = useState(false)
  const [closing, setClosing] = useState<Closing | null>(null)
  const [error, setError] = useState<PilotClientError | null>(null)
  const apis = terminalApi(slug)
  const failed = (title: string) => (cause: unknown) => {
    toast.error(title, { description: toClientError(cause).message })
  }

  /** The id of the new terminal, or null when it was not opened; `error` says why, and a toast where nothing shows that. */
  const open = async (wish: TerminalWish, shown: boolean): Promise<TerminalId | null> => {
    setBusy(true)
    setError(null)
    try {
      return await openTerminal(slug, wish)
    } catch (cause) {
      setError(toClientError(cause))
      if (!shown) failed('The terminal was not opened.')(cause)
      return null
    } finally {
      setBusy(false)
    }
  }
  const end = async (row: TerminalRow, force: boolean): Promise<void> => {
    setBusy(true)
    setError(null)
    try {
      await apis.close(row.id, force)
      setClosing(null)
      onEnded(row.id)
      dropTerminal(slug, row.id)
    } catch (cause) {
      const problem = toClientError(cause)
      if (problem.code === 'CONFLICT' && !force) setClosing({ row, program: busyWith(row), force: true })
      else if (problem.code === 'NOT_FOUND') {
        setClosing(null)
        onEnded(row.id)
        dropTerminal(slug, row.id)
      } else if (closing) setError(problem)
      else failed('The terminal was not closed.')(cause)
    } finally {
      setBusy(false)
    }
  }
  return {
    busy,
    error,
    clearError: () => setError(null),
    closing,
    open,
    /** Asks first when a program would be ended. */
    close: (row: TerminalRow) => {
      setError(null)
      const program = busyWith(row)
      if (program === null) void end(row, false)
      else setClosing({ row, program, force: false })
    },
    cancelClose: () => setClosing(null),
    confirmClose: () => {
      if (closing) void end(closing.row, true)
    },
    rename: (row: TerminalRow, title: string) => {
      noteTerminal(slug, { ...row.view, title })
      apis.rename(row.id, title).then(
        (view) => noteTerminal(slug, view),
        (cause: unknown) => {
          noteTerminal(slug, row.view)
          failed('The terminal was not renamed.')(cause)
        },
      )
    },
    /** Rejects when it was not opened again, which is told. */
    reopen: async (row: TerminalRow): Promise<void> => {
      setBusy(true)
      try {
        noteTerminal(slug, await apis.reopen(row.id))
      } catch (cause) {
        failed('The terminal was not opened again.')(cause)
        throw cause
      } finally {
        setBusy(false)
      }
    },
    attachCommand: (row: TerminalRow) => terminalApi(slug).attachCommand(row.id),
    failed,
  }
}
export type TerminalActions = ReturnType<typeof useTerminalActions>
