import { boundChanges } from './bound.ts'
import { type Core, liveOf, releaseLive, update } from './core.ts'
import { same } from './part-events.ts'
import type { SessionId } from './store/rows.ts'

/** The changes of a session are asked for at most this often. */
export const CHANGES_MS = 500

/** Looks soon at what the session has changed on disk. A sub-agent works in the directory of the session above it. */
export function scheduleChanges(core: Core, id: SessionId): void {
  const parent = core.journal.session(id)?.parent_id
  if (parent) {
    scheduleChanges(core, parent)
    return
  }
  if (core.closing || !core.journal.session(id)?.directory) return
  const live = liveOf(core, id)
  live.changesTimer ??= core.clock.after(CHANGES_MS, () => {
    live.changesTimer = null
    core.tasks.run(() => refreshChanges(core, id))
  })
}

async function refreshChanges(core: Core, id: SessionId): Promise<void> {
  const found = await core.directories.changes(id)
  if (!core.journal.session(id)) return
  const { changes, truncated } = boundChanges(found.changes)
  const state = core.journal.state(id)
  const cut = truncated || found.truncated
  if (!same(changes, state.changes) || cut !== state.changes_truncated)
    update(core, id, [{ type: 'changes.updated', changes, truncated: cut }])
  releaseLive(core, id)
}
