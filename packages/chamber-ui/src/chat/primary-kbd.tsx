import type { ReactNode } from 'react'

/** A key inside a filled button, in the button's own ink. Hidden where there is no keyboard. */
export function PrimaryKbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="rounded-xs border border-current/35 px-1.5 py-1 font-medium text-2xs leading-none touch:hidden">
      {children}
    </kbd>
  )
}
