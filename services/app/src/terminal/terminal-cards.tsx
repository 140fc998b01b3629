import { cn } from '@pilot/chamber-ui/primitives/cn.ts'
import { RelativeTime } from '@pilot/chamber-ui/primitives/relative-time.tsx'
import { State } from '@pilot/chamber-ui/primitives/state.tsx'
import { AppLink } from '@pilot/chamber-ui/shell/link.tsx'
import { ChevronRight } from 'lucide-react'
import type { TerminalRow } from './terminal-rows.ts'

interface TerminalCardsProps {
  slug: string
  rows: readonly TerminalRow[]
  rung: ReadonlySet<string>
  /** The states may be old. */
  stale: boolean
}

/** The terminals of a workspace as a list, on a phone. */
export function TerminalCards({ slug, rows, rung, stale }: TerminalCardsProps) {
  return (
    <ul className={cn('min-h-0 flex-1 overflow-y-auto overscroll-contain bg-surface pb-6', stale && 'grayscale')}>
      {rows.map((row) => (
        <li key={row.id} className="border-line border-b">
          <AppLink
            href={`/${slug}/terminal/${row.id}`}
            className="flex min-h-16 items-center gap-3 px-4 py-2.5 active:bg-sunken"
          >
            <span className="grid min-w-0 flex-1 grid-cols-[minmax(0,1fr)] gap-0.5">
              <span className="flex items-baseline gap-2">
                <span className="min-w-0 flex-1 truncate font-medium">{row.title}</span>
                <RelativeTime iso={row.view.last_activity_at} className="shrink-0 text-text-3 text-xs" />
              </span>
              <span className="flex min-w-0 items-center gap-2 text-text-2 text-xs">
                {rung.has(row.id) ? <State kind="waiting">Rang</State> : <State kind={row.kind}>{row.word}</State>}
                <span className="truncate">{row.running}</span>
                {row.view.cwd ? <code className="ml-auto truncate text-text-3">{row.view.cwd}</code> : null}
              </span>
            </span>
            <ChevronRight aria-hidden="true" className="size-4.5 shrink-0 text-text-3" />
          </AppLink>
        </li>
      ))}
    </ul>
  )
}
