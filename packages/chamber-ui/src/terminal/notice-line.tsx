import type { ReactNode } from 'react'
import { cn } from '../primitives/cn.ts'
import { type StateKind, StateShape } from '../primitives/state.tsx'

interface NoticeLineProps {
  kind: StateKind
  children: ReactNode
  /** Buttons at the right end. */
  actions?: ReactNode
  /** Announced at once. */
  urgent?: boolean
  /** Floats, as small as its words. */
  chip?: boolean
}

const TONE: Record<StateKind, string> = {
  waiting: 'border-wait-line bg-wait-soft text-wait',
  failed: 'border-line bg-bad-soft text-bad',
  working: 'border-line bg-sunken text-text-2',
  good: 'border-line bg-sunken text-text-2',
  offline: 'border-line bg-sunken text-text-2',
  unknown: 'border-line bg-sunken text-unknown',
}

/** One line that says what is so and offers what can be done. */
export function NoticeLine({ kind, children, actions, urgent, chip }: NoticeLineProps) {
  return (
    <div
      role={urgent ? 'alert' : 'status'}
      className={cn(
        'flex min-h-10 shrink-0 items-center gap-x-2.5 gap-y-1 text-sm',
        chip ? 'pointer-events-auto max-w-full rounded-md border py-1 pr-1.5 pl-3 shadow-float' : 'border-b px-4 py-1',
        TONE[kind],
      )}
    >
      <StateShape kind={kind} />
      <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">{children}</span>
      {actions ? <span className="flex shrink-0 gap-1.5">{actions}</span> : null}
    </div>
  )
}
