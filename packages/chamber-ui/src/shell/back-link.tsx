import { ChevronLeft } from 'lucide-react'
import { cn } from '../primitives/cn.ts'
import { AppLink } from './link.tsx'

/** The way back at the left end of a header. `label` says where it leads. */
export function BackLink({ href, label, className }: { href: string; label: string; className?: string }) {
  return (
    <AppLink
      href={href}
      aria-label={label}
      className={cn('grid size-11 shrink-0 place-items-center rounded-sm text-text-2 hover:text-text', className)}
    >
      <ChevronLeft aria-hidden="true" className="size-5.5" />
    </AppLink>
  )
}
