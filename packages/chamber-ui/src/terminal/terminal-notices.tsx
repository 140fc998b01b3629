import { Lock } from 'lucide-react'
import { Button } from '../primitives/button.tsx'
import { NoticeLine } from './notice-line.tsx'

/** What is to be told of one terminal; each field is null or false when there is nothing to tell. */
export interface NoticeFacts {
  /** The way to the machine is not there: what and since when. */
  away: string | null
  /** It runs no more. */
  ended: { state: 'ended' | 'lost' | 'error'; exitCode: number | null; reason: string | null } | null
  /** Attaching was refused. */
  error: { code: string; message: string } | null
  /** Somebody else holds it, or this sign-in may only watch. */
  readOnly: { mayTakeOver: boolean } | null
  unsent: { bytes: number; text: string } | null
  paste: { sent: number; total: number } | null
  /** Typed that long ago and not taken yet, in s. */
  waitingFor: number | null
  /** Another size than this view's. */
  foreignSize: { cols: number; rows: number } | null
}

export interface NoticeActions {
  onRetry: () => void
  onReopen: () => void
  onClose: () => void
  onTakeOver: () => void
  onSendUnsent: () => void
  onDiscardUnsent: () => void
  onStopPaste: () => void
  onClaimSize: () => void
}

interface NoticesProps {
  facts: NoticeFacts
  actions: NoticeActions
  busy: boolean
}

/** Lines above a terminal for what lasts: it has ended, cannot be shown, may only be watched. */
export function TerminalNotices({ facts, actions, busy }: NoticesProps) {
  const { ended, error, readOnly } = facts
  return (
    <>
      {error ? (
        <NoticeLine kind="failed" urgent actions={<Close actions={actions} />}>
          {errorText(error)}
        </NoticeLine>
      ) : null}
      {ended ? (
        <NoticeLine
          kind={ended.state === 'ended' && !ended.exitCode ? 'offline' : 'failed'}
          actions={
            <>
              <Button size="sm" busy={busy} onClick={actions.onReopen}>
                Open again
              </Button>
              <Close actions={actions} />
            </>
          }
        >
          {endedText(ended)}
        </NoticeLine>
      ) : null}
      {readOnly ? (
        <NoticeLine
          kind="waiting"
          actions={
            readOnly.mayTakeOver ? (
              <Button size="sm" busy={busy} onClick={actions.onTakeOver}>
                <Lock aria-hidden="true" /> Take over
              </Button>
            ) : null
          }
        >
          {readOnly.mayTakeOver
            ? 'Somebody else is typing here alone. You are watching.'
            : 'You are watching: this sign-in may not type.'}
        </NoticeLine>
      ) : null}
    </>
  )
}

/** What passes floats over the picture, so that the terminal keeps its size: every change of that disturbs its program. */
export function TerminalChips({ facts, actions }: Omit<NoticesProps, 'busy'>) {
  const { away, unsent, paste, waitingFor, foreignSize, ended } = facts
  return (
    <div className="pointer-events-none absolute top-2 right-2 z-20 flex max-w-[min(32rem,calc(100%-16px))] flex-col items-end gap-1.5 md:right-4">
      {away ? (
        <NoticeLine
          chip
          kind="offline"
          actions={
            <Button size="sm" onClick={actions.onRetry}>
              Try now
            </Button>
          }
        >
          {away}
        </NoticeLine>
      ) : null}
      {unsent ? (
        <NoticeLine
          chip
          kind="waiting"
          actions={
            <>
              <Button size="sm" onClick={actions.onSendUnsent}>
                Send
              </Button>
              <Button size="sm" onClick={actions.onDiscardUnsent}>
                Discard
              </Button>
            </>
          }
        >
          {unsent.bytes === 1 ? 'One character was' : `${unsent.bytes.toLocaleString()} characters were`} not sent:{' '}
          <code className="rounded-xs bg-surface px-1 text-text">{unsent.text}</code>
        </NoticeLine>
      ) : null}
      {paste ? (
        <NoticeLine
          chip
          kind="working"
          actions={
            <Button size="sm" onClick={actions.onStopPaste}>
              Stop
            </Button>
          }
        >
          <label className="flex items-center gap-2.5">
            Pasting, {percent(paste)} %
            <progress value={paste.sent} max={paste.total} className="h-1.5 min-w-16 max-w-48 flex-1 accent-accent" />
          </label>
        </NoticeLine>
      ) : null}
      {waitingFor !== null && !away ? (
        <NoticeLine chip kind="working">
          The machine has not taken what you typed {waitingFor} s ago.
        </NoticeLine>
      ) : null}
      {foreignSize && !ended ? (
        <NoticeLine
          chip
          kind="offline"
          actions={
            facts.readOnly ? null : (
              <Button size="sm" onClick={actions.onClaimSize}>
                Use my size
              </Button>
            )
          }
        >
          Sized by somebody else: {foreignSize.cols} × {foreignSize.rows}
        </NoticeLine>
      ) : null}
    </div>
  )
}

function Close({ actions }: { actions: NoticeActions }) {
  return (
    <Button size="sm" onClick={actions.onClose}>
      Close
    </Button>
  )
}

function endedText({ state, exitCode, reason }: NonNullable<NoticeFacts['ended']>): string {
  if (state === 'lost') return reason || 'Its program is gone: the machine does not know it any more.'
  if (state === 'error') return reason || 'It could not be started.'
  return exitCode === null || exitCode === 0 ? 'Ended.' : `Ended with code ${exitCode}.${reason ? ` ${reason}` : ''}`
}

function errorText({ code, message }: { code: string; message: string }): string {
  return code === 'CAPABILITY_UNSUPPORTED'
    ? 'This machine is too old for terminals, or has none. Update Pilot on it.'
    : message
}

function percent({ sent, total }: { sent: number; total: number }): number {
  return total === 0 ? 100 : Math.floor((sent / total) * 100)
}
