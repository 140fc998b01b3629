import { ChevronLeft } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '../primitives/button.tsx'
import { cn } from '../primitives/cn.ts'
import { AppLink } from './link.tsx'

interface PageHeaderProps {
  title: ReactNode
  /** Small facts right of the title. */
  facts?: ReactNode
  /** Buttons at the right end; at most one is filled. */
  actions?: ReactNode
  /** Where "back" leads on a phone. */
  backHref?: string
}

/** Title and actions of a page, 56 px high. */
export function PageHeader({ title, facts, actions, backHref }: PageHeaderProps) {
  return (
    <header
      className={cn(
        'flex min-h-14 shrink-0 items-center gap-2.5 border-line border-b bg-surface pr-3 md:px-5',
        backHref ? 'pl-1' : 'pl-4',
      )}
    >
      {backHref ? (
        <Button asChild variant="quiet" size="icon" className="md:hidden">
          <AppLink href={backHref} aria-label="Back">
            <ChevronLeft aria-hidden="true" />
          </AppLink>
        </Button>
      ) : null}
      <h1 className="min-w-0 truncate font-semibold text-lg tracking-tight max-md:text-xl">{title}</h1>
      {facts}
      {actions ? <div className="ml-auto flex shrink-0 items-center gap-2">{actions}</div> : null}
    </header>
  )
}

/** The scrolling part of a page below its header. */
export function PageBody({ children, narrow }: { children: ReactNode; narrow?: boolean }) {
  return (
    <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain">
      <div className={cn('grid grid-cols-[minmax(0,1fr)] gap-8 p-4 md:px-6 md:py-5', narrow && 'max-w-2xl')}>
        {children}
      </div>
    </div>
  )
}

interface SectionProps {
  title: ReactNode
  /** One small sentence beside the title. */
  hint?: ReactNode
  action?: ReactNode
  children: ReactNode
}

/** A titled part of a page. */
export function Section({ title, hint, action, children }: SectionProps) {
  return (
    <section className="grid grid-cols-[minmax(0,1fr)] gap-2">
      <div className="flex min-h-8.5 items-center gap-2.5">
        <h2 className="shrink-0 font-medium">{title}</h2>
        {hint ? <span className="min-w-0 truncate text-sm text-text-3">{hint}</span> : null}
        {action ? <div className="ml-auto flex shrink-0 items-center gap-2">{action}</div> : null}
      </div>
      {children}
    </section>
  )
}
