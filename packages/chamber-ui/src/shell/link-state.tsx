import { sinceWhen, useNow } from '../primitives/relative-time.tsx'
import { State, StateShape } from '../primitives/state.tsx'
import type { LinkFacts } from './model.ts'

/** How live the page is, with its age: "Live · 24 ms", "Connecting…", "Machine offline since 9:12". */
export function LinkState({ link }: { link: LinkFacts }) {
  const now = useNow()
  if (link.state === 'live') {
    return (
      <span className="inline-flex items-center gap-1.5 text-text-3 text-xs">
        <StateShape kind="good" />
        Live{link.latency_ms === null ? '' : ` · ${Math.round(link.latency_ms)} ms`}
      </span>
    )
  }
  if (link.state === 'connecting') return <State kind="working">Connecting…</State>
  const offline = link.machine ? 'Machine offline' : 'Offline'
  return <State kind="offline">{link.since ? `${offline} since ${sinceWhen(link.since, now)}` : offline}</State>
}
