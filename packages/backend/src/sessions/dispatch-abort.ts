import type { Id } from '@pilot/domain/ids'
import { rejectAsks } from './asks.ts'
import { scheduleChanges } from './changes.ts'
import { agentError, type Core, cancelTimers, handleOf, liveOf, now, releaseLive } from './core.ts'
import { sessionOf } from './engine-session.ts'
import { closeOpen } from './settle.ts'
import type { SessionId, StoredCommand } from './store/rows.ts'
import { within } from './tasks.ts'
import { finish } from './turn.ts'

/** A stop takes a tenth of a second; one that the engine does not confirm within this time is reported as unknown. */
export const ABORT_MS = 5_000

/** Stops a session: prompts that were not sent yet never are, the running turn ends. */
export async function dispatchAbort(core: Core, id: Id<'command'>): Promise<void> {
  const command = core.store.commands.get(id)
  if (command?.state !== 'accepted' || core.closing) return
  const { session_id } = command
  const row = sessionOf(core, session_id)
  const handle = handleOf(row)
  const stopped = { state: 'interrupted', error: null } as const
  const open = core.store.commands.open(session_id).filter((other) => other.request.kind === 'prompt')
  const unsent = open.filter((other) => other.state === 'accepted').map((other) => [other, stopped] as const)
  const live = liveOf(core, session_id)
  const engine = core.engine.health().status
  const reachable = handle !== null && engine !== 'missing' && engine !== 'failed' && engine !== 'idle'
  const nothingRuns = live.run.status === 'idle' && !open.some((other) => other.state !== 'accepted')
  if (!handle || !reachable || (nothingRuns && unsent.length > 0)) {
    const ending = unsent.length > 0 ? ({ kind: 'aborted' } as const) : undefined
    finish(core, session_id, [], [...unsent, [command, { state: 'done', error: null }]], ending)
    return releaseLive(core, session_id)
  }
  live.aborting = { by: command.actor_user_id }
  for (const other of open) if (other.state === 'dispatching') live.stopped.set(other.id, command.actor_user_id)
  finish(core, session_id, [], [...unsent, [command, { state: 'dispatching', error: null }]])
  try {
    await within(ABORT_MS, core.clock.after, core.engine.abort(handle))
  } catch (cause) {
    live.aborting = null
    core.log('a stop was not confirmed', cause)
    const current = core.store.commands.get(id)
    if (current?.state === 'dispatching' && !core.closing)
      finish(core, session_id, [], [[current, { state: 'unknown', error: agentError(cause) }]])
    return
  }
  stoppedNow(core, session_id, command.actor_user_id, command)
}

/**
 * The engine works although it was stopped: it had the prompt, but had not begun. Does nothing when that is over, or when
 * a new prompt was sent since.
 */
export async function stopAgain(core: Core, id: SessionId): Promise<void> {
  const row = core.journal.session(id)
  const handle = row && handleOf(row)
  const live = core.lives.get(id)
  if (!handle || !live?.aborting || live.run.status === 'idle' || core.closing) return
  const { by } = live.aborting
  await within(ABORT_MS, core.clock.after, core.engine.abort(handle))
  if (live.aborting) stoppedNow(core, id, by)
}

/** Journals the end of a turn that was stopped, without waiting for the engine's own events about it. */
export function stoppedNow(core: Core, sessionId: SessionId, by: Id<'user'> | null, command?: StoredCommand): void {
  if (!core.journal.session(sessionId)) return
  const live = liveOf(core, sessionId)
  cancelTimers(live)
  live.run = { status: 'idle' }
  live.failed = null
  if (live.reading) live.reading.run = true
  const status = core.journal.state(sessionId).session?.status ?? ''
  rejectAsks(core, sessionId, by)
  const closing = closeOpen(core.journal.state(sessionId), 'aborted', now(core))
  const ended = core.store.commands
    .open(sessionId)
    .filter((other) => other.request.kind === 'prompt' && other.state === 'running')
    .map((other) => [other, { state: 'interrupted', error: null }] as const)
  const worked = ended.length > 0 || ['busy', 'retry', 'waiting'].includes(status)
  const current = command && core.store.commands.get(command.id)
  const done = current?.state === 'dispatching' ? [[current, { state: 'done', error: null }] as const] : []
  finish(core, sessionId, closing, [...ended, ...done], worked ? { kind: 'aborted' } : undefined)
  if (worked) scheduleChanges(core, sessionId)
}
