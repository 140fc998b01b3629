import type { Command } from '@pilot/protocol/agent/command'
import { Button } from '../primitives/button.tsx'
import { State, type StateKind } from '../primitives/state.tsx'
import type { PendingPrompt } from './rows.ts'

/** What a person may do with a prompt that has not simply worked. */
export interface PromptActions {
  /** Takes back what was not sent. */
  onCancel(id: string): void
  /** Sends a record again as it is: it certainly never ran. */
  onSendNow(id: string): void
  /** Sends the same text as a new prompt: the former one may have run. */
  onSendAgain(text: string): void
  /** Puts the text back into the composer and forgets the record. */
  onEdit(id: string, text: string): void
}

interface Facts {
  kind: StateKind
  word: string
  say?: string
}

const PENDING: Record<PendingPrompt['state'], Facts> = {
  waiting: { kind: 'offline', word: 'Not sent yet' },
  sending: { kind: 'working', word: 'Sending' },
  unconfirmed: {
    kind: 'unknown',
    word: 'Sent, not confirmed',
    say: 'It is sent again until the machine answers; it runs once.',
  },
  held: { kind: 'offline', word: 'Not sent', say: 'It waited for hours. Send it only if it still fits.' },
  refused: { kind: 'failed', word: 'Refused' },
}

/** How far a prompt of this browser has come before the machine has it. */
export function PendingState({ prompt, actions }: { prompt: PendingPrompt; actions: PromptActions }) {
  const { kind, word, say } = PENDING[prompt.state]
  const stays = prompt.state === 'waiting' || prompt.state === 'held' || prompt.state === 'refused'
  return (
    <Line kind={kind} word={word} say={prompt.error?.message ?? say ?? ''}>
      {prompt.state === 'held' || prompt.state === 'refused' ? (
        <Button size="sm" onClick={() => actions.onSendNow(prompt.id)}>
          {prompt.state === 'held' ? 'Send now' : 'Try again'}
        </Button>
      ) : null}
      {stays ? (
        <Button size="sm" variant="quiet" onClick={() => actions.onEdit(prompt.id, prompt.text)}>
          Edit
        </Button>
      ) : null}
      {stays ? (
        <Button size="sm" variant="quiet" onClick={() => actions.onCancel(prompt.id)}>
          {prompt.state === 'refused' ? 'Discard' : 'Cancel'}
        </Button>
      ) : null}
    </Line>
  )
}

/** How far a prompt has come on the machine. A prompt that is done says nothing: its answer stands below. */
export function CommandStateLine({ command, actions }: { command: Command; actions: PromptActions }) {
  const again = (
    <Button size="sm" onClick={() => actions.onSendAgain(command.text ?? '')}>
      Send again
    </Button>
  )
  switch (command.state) {
    case 'accepted':
      return <Line kind="working" word="Accepted" say="It runs as soon as the agent is ready." />
    case 'dispatching':
      return <Line kind="working" word="Starting" say="" />
    case 'running':
      return <Line kind="working" word="Running" say="" />
    case 'failed':
      return (
        <Line kind="failed" word="Failed" say={command.error?.message ?? ''}>
          {again}
        </Line>
      )
    case 'interrupted':
      // Without an error it was a person who stopped it.
      return command.error ? (
        <Line kind="failed" word="Interrupted" say={command.error.message}>
          {again}
        </Line>
      ) : (
        <Line kind="offline" word="Stopped" say="">
          {again}
        </Line>
      )
    case 'unknown':
      return (
        <Line
          kind="unknown"
          word="Unknown"
          say={command.error?.message ?? 'The machine stopped while it started this. It may or may not have run.'}
        >
          {again}
        </Line>
      )
    case 'done':
      return null
  }
}

interface LineProps {
  kind: StateKind
  word: string
  say: string
  children?: React.ReactNode
}

function Line({ kind, word, say, children }: LineProps) {
  return (
    <div
      role="status"
      className="flex min-h-7 flex-wrap items-center justify-end gap-x-2.5 gap-y-1 text-text-3 text-xs"
    >
      <State kind={kind}>{word}</State>
      {say === '' ? null : <span className="text-right">{say}</span>}
      {children}
    </div>
  )
}
