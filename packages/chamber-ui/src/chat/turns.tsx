import type { MessageWithParts } from '@pilot/protocol/agent/model'
import { Brain, ChevronDown, ChevronRight } from 'lucide-react'
import { memo, type ReactNode, useId, useState } from 'react'
import { Markdown } from '../markdown/markdown.tsx'
import { State, StateShape } from '../primitives/state.tsx'
import { CommandStateLine, PendingState, type PromptActions } from './command-state.tsx'
import type { Row } from './rows.ts'
import { TodoCard } from './todo-card.tsx'
import { type LoadOutput, Tools } from './tool-line.tsx'

export interface RowContext {
  actions: PromptActions
  loadOutput: LoadOutput
}

/** One row of the transcript. Renders again only when its own row object changes. */
export const TranscriptRow = memo(function TranscriptRow({ row, context }: { row: Row; context: RowContext }) {
  switch (row.type) {
    case 'user':
      return (
        <UserTurn text={row.text} at={row.message.created_at}>
          {row.command ? <CommandStateLine command={row.command} actions={context.actions} /> : null}
        </UserTurn>
      )
    case 'prompt':
      return (
        <UserTurn text={row.text} at={row.created_at}>
          <CommandStateLine command={row.command} actions={context.actions} />
        </UserTurn>
      )
    case 'pending':
      return (
        <UserTurn text={row.prompt.text} at={row.prompt.created_at} faint>
          <PendingState prompt={row.prompt} actions={context.actions} />
        </UserTurn>
      )
    case 'text':
      return <Markdown text={row.part.text} />
    case 'reasoning':
      return <Reasoning text={row.part.text} live={row.live} />
    case 'tools':
      return <Tools parts={row.parts} loadOutput={context.loadOutput} />
    case 'note':
      return (
        <p className="flex items-center gap-3 text-text-3 text-xs before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
          {row.text}
        </p>
      )
    case 'end':
      return <EndMark message={row.message} />
    case 'todos':
      return <TodoCard todos={row.todos} />
    case 'working':
      return (
        <p className="flex min-h-7 items-center gap-2 text-sm text-work">
          <span className="grid w-[15px] place-items-center">
            <StateShape kind="working" />
          </span>
          {row.label}
        </p>
      )
  }
})

interface UserTurnProps {
  text: string
  at: string
  /** Not with the machine yet. */
  faint?: boolean
  children: ReactNode
}

function UserTurn({ text, at, faint, children }: UserTurnProps) {
  const time = new Date(at)
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] justify-items-end gap-1 pt-3">
      <div
        className={`max-w-[88%] whitespace-pre-wrap wrap-anywhere rounded-lg px-3.5 py-2.5 ${faint ? 'border border-line-strong border-dashed text-text-2' : 'bg-sunken'}`}
      >
        {text}
      </div>
      <div className="flex items-end justify-end gap-x-2.5 text-text-3 text-xs">
        {children}
        <time dateTime={at} title={time.toLocaleString()} className="shrink-0 leading-7 tabular-nums">
          {time.toLocaleTimeString(undefined, { hour: 'numeric', minute: '2-digit' })}
        </time>
      </div>
    </div>
  )
}

/** What the model thought, folded away: read by those who want to know. */
function Reasoning({ text, live }: { text: string; live: boolean }) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const Chevron = open ? ChevronDown : ChevronRight
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
        className="-mx-1.5 flex min-h-7 items-center gap-2 rounded-sm px-1.5 text-sm text-text-2 hover:bg-sunken touch:min-h-11"
      >
        <span className="grid w-[15px] place-items-center text-text-3">
          {live ? (
            <StateShape kind="working" />
          ) : (
            <Brain aria-hidden="true" className="size-[15px]" strokeWidth={1.6} />
          )}
        </span>
        {live ? 'Thinking' : 'Thought about it'}
        <Chevron aria-hidden="true" className="size-3.5 text-text-3" />
      </button>
      {open ? (
        <div id={id} className="mt-1 ml-[7px] border-line border-l pl-4 text-sm text-text-2">
          <Markdown text={text} />
        </div>
      ) : null}
    </div>
  )
}

/** How an answer ended that did not end well. */
function EndMark({ message }: { message: MessageWithParts }) {
  if (message.status === 'aborted') return <State kind="offline">You stopped it here</State>
  if (message.status === 'interrupted') {
    return (
      <div className="grid gap-0.5">
        <State kind="failed">Interrupted</State>
        <p className="text-sm text-text-2">
          {message.error?.message ?? 'The agent stopped in the middle of this answer. What it did until then is kept.'}
        </p>
      </div>
    )
  }
  return (
    <div role="alert" className="grid gap-0.5 rounded-md border border-line bg-bad-soft px-3.5 py-2.5">
      <State kind="failed">It could not go on</State>
      <p className="text-sm">{message.error?.message ?? 'The agent answered with an error.'}</p>
    </div>
  )
}
