import type { ComponentProps } from 'react'
import { cn } from './cn.ts'

/** A small fact beside a title: a branch, a model, a type. */
export function Chip({ className, ...props }: ComponentProps<'span'>) {
  return (
    <span
      className={cn(
        'inline-flex h-5.5 max-w-full items-center gap-1.5 truncate whitespace-nowrap rounded-full bg-sunken px-2 text-text-2 text-xs [&_svg]:size-3.5',
        className,
      )}
      {...props}
    />
  )
}

/** How many things wait for the user. */
export function CountBadge({ count, label }: { count: number; label: string }) {
  if (count === 0) return null
  return (
    <span className="inline-flex h-4.5 min-w-4.5 items-center justify-center rounded-full bg-wait-soft px-1.5 font-semibold text-2xs text-wait">
      <span aria-hidden="true">{count > 99 ? '99+' : count}</span>
      <span className="sr-only">
        {count} {label}
      </span>
    </span>
  )
}
