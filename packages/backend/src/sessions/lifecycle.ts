import { PilotError } from '@pilot/domain/errors'
import type { AgentSession } from '@pilot/protocol/agent/model'
import type { CreateSession, UpdateSession } from '@pilot/protocol/agent/rest'
import { DEFAULT_TITLE } from './commands.ts'
import { type Core, cancelTimers, handleOf, now, update } from './core.ts'
import { ensureDirectory, sessionOf } from './engine-session.ts'
import type { SessionActor } from './ports.ts'
import { canonicalJson, type JournalSession, type SessionId, type WorkspaceId } from './store/rows.ts'
import { newEpoch } from './store/store.ts'
import { within } from './tasks.ts'

const WORKING: ReadonlySet<string> = new Set(['creating', 'busy', 'retry', 'waiting'])
const STOP_MS = 5_000

/** Making, changing and deleting sessions. */
export interface Lifecycle {
  create(
    workspaceId: WorkspaceId,
    actor: SessionActor,
    body: CreateSession,
  ): Promise<{ session: AgentSession; created: boolean }>
  change(workspaceId: WorkspaceId, id: SessionId, body: UpdateSession): AgentSession
  remove(workspaceId: WorkspaceId, id: SessionId, options: { force: boolean }): Promise<void>
}

/** The session, if it is one of that workspace. Throws SESSION_NOT_FOUND. */
export function scoped(core: Core, workspaceId: WorkspaceId, id: SessionId): JournalSession {
  const row = sessionOf(core, id)
  if (row.workspace_id !== workspaceId) throw new PilotError('SESSION_NOT_FOUND')
  return row
}

export function createLifecycle(core: Core): Lifecycle {
  /** Sessions whose directory is being made, so that a repeated request waits for the first. */
  const creating = new Map<SessionId, Promise<unknown>>()

  async function make(id: SessionId, baseRef: string | undefined): Promise<void> {
    try {
      await ensureDirectory(core, id, baseRef)
    } catch (error) {
      // Nobody was told of it: the same id may be tried again.
      if (core.journal.session(id)?.session.status === 'creating') core.journal.discard(id)
      throw error
    }
  }

  async function ready(id: SessionId, baseRef: string | undefined): Promise<AgentSession> {
    let work = creating.get(id)
    if (!work) {
      work = make(id, baseRef).finally(() => creating.delete(id))
      creating.set(id, work)
    }
    await work
    return sessionOf(core, id).session
  }

  return {
    async create(workspaceId, actor, body) {
      if (core.closing) throw new PilotError('RUNTIME_OFFLINE')
      const request = canonicalJson(body)
      const known = core.store.sessions.get(body.id)
      if (known) {
        if (known.deleted_at || known.workspace_id !== workspaceId || known.request !== request)
          throw new PilotError('CONFLICT', 'This session id was used for something else. Use a new id.')
        return {
          session: known.directory ? sessionOf(core, body.id).session : await ready(body.id, body.base_ref),
          created: false,
        }
      }
      const session = newSession(core, workspaceId, actor, body)
      core.journal.create(
        {
          id: body.id,
          workspace_id: workspaceId,
          instance_id: core.instanceId,
          parent_id: null,
          request,
          directory: null,
          external_id: null,
          epoch: newEpoch(),
          title_by_user: Boolean(body.title),
          session,
          created_at: new Date(session.created_at),
        },
        [{ type: 'session.updated', session }],
      )
      return { session: await ready(body.id, body.base_ref), created: true }
    },

    change(workspaceId, id, { title, archived }) {
      const row = scoped(core, workspaceId, id)
      const session = { ...row.session }
      if (archived === true && session.archived_at === null) {
        if (WORKING.has(session.status))
          throw new PilotError('CONFLICT', 'The agent is working in this session. Stop it first.')
        session.archived_at = now(core)
      }
      if (archived === false) session.archived_at = null
      if (title !== undefined) session.title = title
      update(core, id, [{ type: 'session.updated', session }], {
        durability: 'synced',
        ...(title === undefined ? {} : { change: { title_by_user: true } }),
      })
      const handle = handleOf(row)
      if (title !== undefined && handle && core.engine.health().status === 'ok')
        core.tasks.run(() => core.engine.renameSession(handle, title))
      return sessionOf(core, id).session
    },

    async remove(workspaceId, id, { force }) {
      const row = scoped(core, workspaceId, id)
      if (WORKING.has(row.session.status) && !force)
        throw new PilotError('CONFLICT', 'The agent is working in this session. Stop it first, or force the removal.')
      if (core.deleting.has(id)) throw new PilotError('CONFLICT', 'This session is being deleted already.')
      core.deleting.add(id)
      try {
        await removeSession(core, row, force)
      } finally {
        core.deleting.delete(id)
      }
    },
  }
}

function newSession(core: Core, workspaceId: WorkspaceId, actor: SessionActor, body: CreateSession): AgentSession {
  const at = now(core)
  return {
    id: body.id,
    workspace_id: workspaceId,
    parent_id: null,
    agent: core.engine.kind,
    title: body.title || DEFAULT_TITLE,
    status: 'creating',
    attention: 'none',
    error: null,
    retry_at: null,
    model: null,
    worktree: null,
    created_by: actor.user_id,
    created_at: at,
    last_activity_at: at,
    archived_at: null,
  }
}

async function removeSession(core: Core, row: JournalSession, force: boolean): Promise<void> {
  const handle = handleOf(row)
  const reachable = core.engine.health().status === 'ok'
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await within(STOP_MS, core.clock.after, work())
    } catch (error) {
      core.log(what, error)
    }
  }
  if (handle && reachable) {
    if (WORKING.has(row.session.status)) await attempt('a session was not stopped', () => core.engine.abort(handle))
    // Only a directory of its own: the workspace's own is shared with other sessions.
    if (row.session.worktree && !row.parent_id)
      await attempt('a directory was not released', () => core.engine.disposeDirectory(handle.directory))
  }
  // Refused here (uncommitted changes), everything is still there.
  if (!row.parent_id && row.directory) await core.directories.remove(row.id, { force })
  if (handle && reachable) await attempt('the engine kept a deleted session', () => core.engine.deleteSession(handle))
  removeJournals(core, row.id)
}

/** Removes a session and those of its sub-agents, which work in its directory. */
function removeJournals(core: Core, id: SessionId): void {
  for (const child of core.store.sessions.children(id)) removeJournals(core, child)
  const live = core.lives.get(id)
  if (live) cancelTimers(live)
  core.lives.delete(id)
  core.downed.delete(id)
  core.journal.remove(id)
}
