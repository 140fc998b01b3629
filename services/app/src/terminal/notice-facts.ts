import type { EmulatorSize } from '@pilot/chamber-ui/terminal/emulator.ts'
import type { NoticeFacts } from '@pilot/chamber-ui/terminal/terminal-notices.tsx'
import type { TerminalAttachment } from '@pilot/frontend/terminal/port'
import type { TerminalRow } from './terminal-rows.ts'

/** Input that was not taken is told after this long, in ms. */
const WAITING_MS = 2_000

export interface NoticeContext {
  row: TerminalRow
  attachment: TerminalAttachment
  away: string | null
  now: Date
  size: EmulatorSize | null
  touch: boolean
}

/** What has to be said of a terminal right now. */
export function noticeFacts({ row, attachment, away, now, size, touch }: NoticeContext): NoticeFacts {
  const { status, phase, writable, error, unsent, paste, waiting_since } = attachment
  // What the control plane gave up on says nothing any more.
  const state = row.state === 'lost' ? 'lost' : (status?.state ?? row.state)
  const over = state === 'ended' || state === 'lost' || state === 'error' ? state : null
  const waited = waiting_since === null ? 0 : now.getTime() - waiting_since
  return {
    away,
    ended: over
      ? {
          state: over,
          exitCode: status ? status.exit_code : row.exitCode,
          reason: status ? status.reason : row.reason,
        }
      : null,
    error: over ? null : error,
    readOnly: !writable && !over && phase === 'live' ? { mayTakeOver: status?.mode === 'exclusive' } : null,
    unsent,
    paste,
    waitingFor: waited >= WAITING_MS ? Math.floor(waited / 1_000) : null,
    foreignSize: phase === 'live' && !touch && size?.foreign ? size.actual : null,
  }
}
