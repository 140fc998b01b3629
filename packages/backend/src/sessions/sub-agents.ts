import { newId } from '@pilot/domain/ids'
import type { AgentEvent } from '@pilot/protocol/agent/event'
import type { EngineSessionHandle } from '../engine/engine.ts'
import { type Core, liveOf, now, update } from './core.ts'
import type { SessionId } from './store/rows.ts'

/**
 * A sub-agent's session appears as a session of its own below the one that started it. Gives its id, or null when it is
 * known already or its parent is not.
 */
export function adoptChild(
  core: Core,
  parentId: SessionId,
  child: EngineSessionHandle & { title: string },
): SessionId | null {
  const { external_id, directory } = child
  const parent = core.journal.session(parentId)
  if (!parent || core.store.ownership.owner('session', external_id)) return null
  const id = newId('agent_session')
  const at = now(core)
  const title = child.title.replace(/\s+/g, ' ').trim().slice(0, 200).toWellFormed() || 'Sub-agent'
  const session = {
    ...parent.session,
    id,
    parent_id: parent.id,
    title,
    status: 'busy' as const,
    attention: 'none' as const,
    error: null,
    retry_at: null,
    created_at: at,
    last_activity_at: at,
    archived_at: null,
  }
  liveOf(core, id).run = { status: 'busy' }
  core.journal.create(
    {
      id,
      workspace_id: parent.workspace_id,
      instance_id: parent.instance_id,
      parent_id: parent.id,
      request: '',
      directory: directory,
      external_id,
      epoch: parent.epoch,
      title_by_user: false,
      session,
      created_at: new Date(at),
    },
    [{ type: 'session.updated', session }],
    () => core.store.ownership.claim('session', external_id, { session_id: id, workspace_id: parent.workspace_id }),
  )
  linkChild(core, parent.id, id)
  return id
}

/** Tells the call that started a sub-agent which session it is. */
function linkChild(core: Core, parentId: SessionId, childId: SessionId): void {
  for (const message of core.journal.state(parentId).messages.toReversed()) {
    const call = message.parts.find(
      (other) =>
        other.type === 'tool' &&
        other.child_session_id === null &&
        (other.tool === 'task' || other.kind === 'think') &&
        (other.status === 'pending' || other.status === 'running'),
    )
    if (call?.type !== 'tool') continue
    const event: AgentEvent = {
      type: 'part.upserted',
      message_id: message.id,
      part: { ...call, child_session_id: childId },
    }
    update(core, parentId, [event])
    return
  }
}
