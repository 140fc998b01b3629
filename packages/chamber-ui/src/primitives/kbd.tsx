import type { ReactNode } from 'react'
import { cn } from './cn.ts'

/** A key or a chord, such as ⌘K. Hidden where there is no keyboard to press it on. */
export function Kbd({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <kbd
      className={cn(
        'whitespace-nowrap rounded-xs border border-line px-1.5 py-1 font-medium text-2xs text-text-3 leading-none touch:hidden',
        className,
      )}
    >
      {children}
    </kbd>
  )
}
