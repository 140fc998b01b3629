import { RotateCw, WifiOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { cn } from './cn.ts'
import { CopyButton } from './copy-button.tsx'

interface EmptyStateProps {
  icon?: ReactNode
  title: ReactNode
  /** What the thing is for, in one or two sentences. */
  children?: ReactNode
  /** The one next step. */
  action?: ReactNode
  className?: string
}

/** Nothing here yet: what it is for and the one next step. */
export function EmptyState({ icon, title, children, action, className }: EmptyStateProps) {
  return (
    <section
      className={cn('mx-auto grid w-full max-w-md justify-items-center gap-3 px-6 py-12 text-center', className)}
    >
      {icon ? (
        <div
          aria-hidden="true"
          className="grid size-11 place-items-center rounded-md bg-sunken text-text-2 [&_svg]:size-5"
        >
          {icon}
        </div>
      ) : null}
      <h2 className="font-semibold text-lg tracking-tight">{title}</h2>
      {children ? <div className="text-balance text-sm text-text-2">{children}</div> : null}
      {action ? <div className="mt-2 flex flex-wrap justify-center gap-2">{action}</div> : null}
    </section>
  )
}

/** What a failed request tells the user. */
export interface ErrorFacts {
  code: string
  message: string
  request_id: string | null
  retryable: boolean
}

interface ErrorStateProps {
  error: ErrorFacts
  /** What could not be done: "The machines could not be loaded." */
  title: ReactNode
  /** What is safe: "Nothing was changed." */
  kept?: ReactNode
  onRetry?: (() => void) | undefined
  busy?: boolean
  action?: ReactNode
  className?: string
}

/** What happened, what was kept, what to do; with the id that finds it in the log. */
export function ErrorState({ error, title, kept, onRetry, busy, action, className }: ErrorStateProps) {
  return (
    <section role="alert" className={cn('grid gap-2 rounded-md border border-line bg-surface p-4', className)}>
      <h2 className="flex items-center gap-2 font-medium">
        <span aria-hidden="true" className="size-2 shrink-0 rounded-[1px] bg-bad" />
        {title}
      </h2>
      <p className="text-sm text-text-2">
        {error.message} {kept}
      </p>
      <div className="mt-1 flex flex-wrap items-center gap-2">
        {onRetry ? (
          <Button onClick={onRetry} busy={busy ?? false}>
            <RotateCw aria-hidden="true" /> Try again
          </Button>
        ) : null}
        {action}
        {error.request_id ? <RequestId id={error.request_id} /> : null}
      </div>
    </section>
  )
}

/** The id of a request with a copy button, small. */
export function RequestId({ id }: { id: string }) {
  return (
    <span className="inline-flex min-w-0 items-center gap-1 text-text-3 text-xs">
      <span className="truncate">
        Request <code>{id}</code>
      </span>
      <CopyButton text={id} label="Copy the request id" />
    </span>
  )
}

interface OfflineBarProps {
  /** What is not reachable, since when: "Not connected since 9:12." */
  children: ReactNode
  onRetry?: () => void
}

/** Says on top of a screen that what it shows may be old. */
export function OfflineBar({ children, onRetry }: OfflineBarProps) {
  return (
    <div
      role="status"
      className="flex min-h-10 shrink-0 items-center gap-2 border-wait-line border-b bg-wait-soft px-4 py-1.5 text-sm text-wait md:px-6"
    >
      <WifiOff aria-hidden="true" className="size-4 shrink-0" />
      <span className="min-w-0 flex-1">{children}</span>
      {onRetry ? (
        <Button size="sm" onClick={onRetry}>
          Try now
        </Button>
      ) : null}
    </div>
  )
}
