import type { ReactNode } from 'react'
import { cn } from './cn.ts'

/** The closed set of states. Every list, badge and tab uses these six and no other. */
export type StateKind = 'working' | 'waiting' | 'good' | 'failed' | 'offline' | 'unknown'

export const STATE_WORDS: Record<StateKind, string> = {
  working: 'Working',
  waiting: 'Waiting for you',
  good: 'Online',
  failed: 'Failed',
  offline: 'Offline',
  unknown: 'Unknown',
}

const ink: Record<StateKind, string> = {
  working: 'text-work',
  waiting: 'text-wait',
  good: 'text-good',
  failed: 'text-bad',
  offline: 'text-text-3',
  unknown: 'text-unknown',
}

const shape: Record<StateKind, string> = {
  /* An open ring that turns slowly. */
  working:
    'size-2.5 animate-spin-slow rounded-full border-2 border-current border-r-transparent motion-reduce:animate-none',
  /* A diamond. */
  waiting: 'size-2 rotate-45 rounded-[2px] bg-current',
  /* A disc. */
  good: 'size-2 rounded-full bg-current',
  /* A square. */
  failed: 'size-2 rounded-[1px] bg-current',
  /* A hollow disc. */
  offline: 'size-2 rounded-full border-[1.5px] border-current',
  /* A dashed disc. */
  unknown: 'size-2.5 rounded-full border-[1.5px] border-current border-dashed',
}

/** The shape alone, for where the word stands right beside it. */
export function StateShape({ kind, className }: { kind: StateKind; className?: string }) {
  return (
    <span aria-hidden="true" className={cn('inline-grid size-2.5 shrink-0 place-items-center', ink[kind], className)}>
      <span className={shape[kind]} />
    </span>
  )
}

interface StateProps {
  kind: StateKind
  /** The word; the usual one of the kind when left out. */
  children?: ReactNode
  /** Shows the shape only and reads the word aloud; the word must be visible on the row's own screen. */
  compact?: boolean
  className?: string
}

/** A state as a shape and a word; colour only repeats it. */
export function State({ kind, children, compact, className }: StateProps) {
  const word = children ?? STATE_WORDS[kind]
  return (
    <span
      className={cn('inline-flex items-center gap-1.5 whitespace-nowrap font-medium text-xs', ink[kind], className)}
    >
      <StateShape kind={kind} />
      <span className={compact ? 'sr-only' : undefined}>{word}</span>
    </span>
  )
}
