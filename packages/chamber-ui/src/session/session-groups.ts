import type { SessionView } from '@pilot/protocol/api/views'
import type { StateKind } from '../primitives/state.tsx'

/** What a session needs, in the order in which a list shows it. */
export type SessionNeed = 'waiting' | 'working' | 'failed' | 'done' | 'archived'

export const NEED_TITLES: Record<SessionNeed, string> = {
  waiting: 'Waiting for you',
  working: 'Working',
  failed: 'Failed',
  done: 'Done',
  archived: 'Archived',
}

type Facts = Pick<SessionView, 'status' | 'attention' | 'archived_at'>

export function needOf({ status, attention, archived_at }: Facts): SessionNeed {
  if (archived_at !== null || status === 'archived') return 'archived'
  if (status === 'waiting' || attention === 'permission' || attention === 'question') return 'waiting'
  if (status === 'busy' || status === 'retry' || status === 'creating') return 'working'
  if (status === 'error' || status === 'interrupted' || attention === 'error') return 'failed'
  return 'done'
}

/** Shape and word of a session's state. */
export function stateOf(session: Facts): { kind: StateKind; word: string } {
  switch (needOf(session)) {
    case 'waiting':
      return { kind: 'waiting', word: 'Waiting for you' }
    case 'working':
      if (session.status === 'creating') return { kind: 'working', word: 'Preparing' }
      return { kind: 'working', word: session.status === 'retry' ? 'Trying again' : 'Working' }
    case 'failed':
      return { kind: 'failed', word: session.status === 'interrupted' ? 'Interrupted' : 'Failed' }
    case 'archived':
      return { kind: 'offline', word: 'Archived' }
    case 'done':
      return { kind: 'good', word: 'Done' }
  }
}

export interface SessionGroup {
  need: SessionNeed
  sessions: readonly SessionView[]
}

/** Sessions by what they need, the newest activity first. Sub-agents' sessions belong to their parent's screen. */
export function groupSessions(sessions: readonly SessionView[], archived: boolean): SessionGroup[] {
  const order: SessionNeed[] = archived ? ['archived'] : ['waiting', 'working', 'failed', 'done']
  const byNeed = new Map<SessionNeed, SessionView[]>()
  for (const session of sessions) {
    if (session.parent_id !== null) continue
    const need = needOf(session)
    const group = byNeed.get(need)
    if (group) group.push(session)
    else byNeed.set(need, [session])
  }
  return order.flatMap((need) => {
    const found = byNeed.get(need)
    if (!found) return []
    return [{ need, sessions: found.toSorted((a, b) => (a.last_activity_at < b.last_activity_at ? 1 : -1)) }]
  })
}

/** The groups in a former layout with today's sessions in it, so that nothing moves under a pointer. */
export function keepLayout(layout: readonly SessionGroup[], sessions: readonly SessionView[]): SessionGroup[] {
  const now = new Map(sessions.map((session) => [session.id, session]))
  return layout.flatMap((group) => {
    const left = group.sessions.flatMap(({ id }) => now.get(id) ?? [])
    return left.length === 0 ? [] : [{ ...group, sessions: left }]
  })
}

/** The words of the browser tab: what is needed first, since a tab shows little. */
export function tabTitle(session: (Facts & { title: string }) | null, place: string, waiting: number): string {
  const need = session ? needOf(session) : null
  const name = session ? `${session.title || 'New session'} · ${place}` : place
  if (need === 'waiting') return `◆ Waiting for you · ${name}`
  if (need === 'working') return `◌ ${name}`
  if (need === 'failed') return `■ ${name}`
  return waiting > 0 ? `(${waiting}) ${name}` : name
}
