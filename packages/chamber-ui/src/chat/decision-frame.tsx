import type { ReactNode } from 'react'
import { shortAge, useNow } from '../primitives/relative-time.tsx'
import { State } from '../primitives/state.tsx'

interface DecisionFrameProps {
  label: string
  askedAt: string
  /** Place among several open requests: "1 of 3". */
  place: string | null
  children: ReactNode
}

/** What waits for a person: a card in the composer's place on a desktop, a sheet over the lower part on a phone. */
export function DecisionFrame({ label, askedAt, place, children }: DecisionFrameProps) {
  const now = useNow()
  return (
    <section
      aria-label={label}
      className="relative z-10 shrink-0 animate-sheet-in max-md:-mt-4.5 max-md:max-h-[72dvh] max-md:overflow-y-auto max-md:rounded-t-[18px] max-md:border-wait-line max-md:border-t max-md:bg-wait-soft max-md:pb-[env(safe-area-inset-bottom)] md:px-5 md:pb-5"
    >
      <div className="mx-auto grid max-w-[760px] grid-cols-[minmax(0,1fr)] gap-2.5 px-4 py-3.5 md:max-h-[60dvh] md:overflow-y-auto md:rounded-lg md:border md:border-wait-line md:bg-wait-soft md:shadow-float">
        <div className="flex items-center gap-2 text-text-3 text-xs">
          <State kind="waiting">Waiting for you</State>
          <span className="max-md:ml-auto">
            asked <time dateTime={askedAt}>{askedAge(new Date(askedAt), now)}</time>
          </span>
          {place === null ? null : <span className="md:ml-auto">{place}</span>}
        </div>
        {children}
      </div>
    </section>
  )
}

/** "2 min ago", "now", "Tue". */
function askedAge(then: Date, now: Date): string {
  const age = shortAge(then, now)
  return /^\d+ (min|h)$/.test(age) ? `${age} ago` : age
}
