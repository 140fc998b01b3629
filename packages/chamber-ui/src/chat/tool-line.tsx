import type { ToolKind, ToolPart } from '@pilot/protocol/agent/model'
import {
  Brain,
  ChevronDown,
  ChevronRight,
  File,
  Globe,
  type LucideIcon,
  MoveRight,
  Pencil,
  Search,
  SquareTerminal,
  Trash2,
  Wrench,
} from 'lucide-react'
import { memo, type ReactNode, useId, useState } from 'react'
import { cn } from '../primitives/cn.ts'
import { StateShape } from '../primitives/state.tsx'
import { LineCount } from './line-count.tsx'
import { ToolDetail } from './tool-detail.tsx'
import { changedLines, groupTools, isRunning, objectOf, resultOf, verbOf } from './tool-words.ts'

const ICONS: Record<ToolKind, LucideIcon> = {
  read: File,
  edit: Pencil,
  delete: Trash2,
  move: MoveRight,
  search: Search,
  execute: SquareTerminal,
  think: Brain,
  fetch: Globe,
  other: Wrench,
}

/** Fetches the whole output of a tool call. Rejects with an error whose message may be shown. */
export type LoadOutput = (partId: string) => Promise<string>

interface ToolsProps {
  parts: readonly ToolPart[]
  loadOutput: LoadOutput
}

/** The tool calls between two texts: one quiet line each, several looks around folded into one. */
export const Tools = memo(function Tools({ parts, loadOutput }: ToolsProps) {
  return (
    <div className="grid">
      {groupTools(parts).map((group) =>
        group.type === 'one' ? (
          <ToolLine key={group.part.id} part={group.part} loadOutput={loadOutput} />
        ) : (
          <Disclosure key={group.parts[0]?.id} icon={File} summary={<span className="truncate">{group.label}</span>}>
            <div className="ml-[23px] grid border-line border-l pl-2">
              {group.parts.map((part) => (
                <ToolLine key={part.id} part={part} loadOutput={loadOutput} />
              ))}
            </div>
          </Disclosure>
        ),
      )}
    </div>
  )
})

const ToolLine = memo(function ToolLine({ part, loadOutput }: { part: ToolPart; loadOutput: LoadOutput }) {
  const lines = changedLines(part)
  const result = resultOf(part)
  return (
    <Disclosure
      icon={ICONS[part.kind]}
      shape={isRunning(part) ? <StateShape kind="working" /> : null}
      summary={
        <>
          <span className={cn('shrink-0', isRunning(part) && 'text-work')}>{verbOf(part)}</span>
          <span className="min-w-0 truncate font-mono text-text text-xs" title={objectOf(part)}>
            {objectOf(part)}
          </span>
          {lines ? <LineCount {...lines} /> : null}
          {result ? (
            <span
              className={cn(
                'max-w-1/2 shrink-0 truncate text-xs',
                result.tone === 'bad' ? 'text-bad' : 'text-text-3',
                result.tone === 'off' && 'italic',
              )}
            >
              {result.text}
            </span>
          ) : null}
        </>
      }
    >
      <ToolDetail part={part} loadOutput={loadOutput} />
    </Disclosure>
  )
})

interface DisclosureProps {
  icon: LucideIcon
  shape?: ReactNode
  summary: ReactNode
  children: ReactNode
}

/** A line that opens in place. Its content is made only when it is open. */
function Disclosure({ icon: Icon, shape, summary, children }: DisclosureProps) {
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
        className="group/line -mx-1.5 flex min-h-7 w-[calc(100%+12px)] items-center gap-2 rounded-sm px-1.5 text-left text-sm text-text-2 hover:bg-sunken touch:min-h-11"
      >
        <span className="grid w-[15px] shrink-0 place-items-center text-text-3">
          {shape ?? <Icon aria-hidden="true" className="size-[15px]" strokeWidth={1.6} />}
        </span>
        {summary}
        <Chevron
          aria-hidden="true"
          className={cn(
            'ml-auto size-3.5 shrink-0 text-text-3 opacity-0 group-hover/line:opacity-100 group-focus-visible/line:opacity-100 touch:opacity-100',
            open && 'opacity-100',
          )}
        />
      </button>
      {open ? <div id={id}>{children}</div> : null}
    </div>
  )
}
