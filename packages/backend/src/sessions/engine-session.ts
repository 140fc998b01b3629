import { PilotError } from '@pilot/domain/errors'
import type { EngineSessionHandle } from '../engine/engine.ts'
import { type Core, handleOf, update } from './core.ts'
import type { JournalSession, SessionId } from './store/rows.ts'

/** Gives a session its directory if it has none yet. Throws what `SessionDirectories.create` throws. */
export async function ensureDirectory(core: Core, id: SessionId, baseRef?: string): Promise<string> {
  const row = sessionOf(core, id)
  if (row.directory) return row.directory
  const { directory, worktree } = await core.directories.create({
    session_id: id,
    workspace_id: row.workspace_id,
    title: row.session.title,
    ...(baseRef ? { base_ref: baseRef } : {}),
  })
  const { session } = sessionOf(core, id)
  const status = session.status === 'creating' ? 'idle' : session.status
  update(core, id, [{ type: 'session.updated', session: { ...session, status, worktree } }], {
    change: { directory },
    durability: 'synced',
  })
  return directory
}

/**
 * The engine's session, made when the first prompt needs it. The engine finds it by our id, so that a crash before our
 * commit makes no second one. Starts the engine. Throws AGENT_NOT_INSTALLED or AGENT_UNAVAILABLE.
 */
export async function ensureEngineSession(core: Core, id: SessionId): Promise<EngineSessionHandle> {
  const directory = await ensureDirectory(core, id, requestedBase(sessionOf(core, id)))
  await core.engine.ensureStarted()
  const row = sessionOf(core, id)
  const known = handleOf(row)
  if (known) return known
  // A title that no person gave is left to the engine, which knows better what the prompt is about.
  const title = row.title_by_user ? { title: row.session.title } : {}
  const handle = await core.engine.createSession({ ref: id, directory, ...title })
  const { workspace_id } = sessionOf(core, id)
  update(core, id, [], {
    change: { external_id: handle.external_id },
    durability: 'synced',
    work: () => core.store.ownership.claim('session', handle.external_id, { session_id: id, workspace_id }),
  })
  return handle
}

/** The base that was asked for when the session was made. */
export function requestedBase(row: JournalSession): string | undefined {
  if (row.request === '') return undefined
  const { base_ref } = JSON.parse(row.request) as { base_ref?: string }
  return base_ref
}

export function sessionOf(core: Core, id: SessionId): JournalSession {
  const row = core.journal.session(id)
  if (!row) throw new PilotError('SESSION_NOT_FOUND')
  return row
}
