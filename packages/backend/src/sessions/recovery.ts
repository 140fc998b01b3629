import { ownerOf } from './asks.ts'
import { dispatch } from './commands.ts'
import { agentError, type Core, handleOf, liveOf, update } from './core.ts'
import { resolveSent, UNKNOWN } from './dispatch-prompt.ts'
import { answered, askOf, end as endReply, isReply, loseAsk, type ReplyRequest } from './dispatch-reply.ts'
import { ensureDirectory, requestedBase } from './engine-session.ts'
import type { SessionId, StoredCommand } from './store/rows.ts'
import { finish, interrupt, reconcile, STOPPED } from './turn.ts'

/**
 * Puts right what the last process left unfinished, in the background: every such session is read again from the
 * engine, commands that were never sent are sent, those that may have been sent are looked up. New prompts of a session
 * wait until it is done.
 */
export function recover(core: Core): void {
  const open = Map.groupBy(core.store.commands.open(), (command) => command.session_id)
  for (const command of [...open.values()].flat())
    if (command.state === 'dispatching' && isReply(command.request))
      // Its ask is not lost before the reply is looked up.
      core.replying.set(askId(command.request), { actor: command.actor_user_id })
  for (const row of core.store.sessions.list({})) {
    const { status } = row.session
    if (open.has(row.id) || ['creating', 'busy', 'retry', 'waiting'].includes(status))
      core.tasks.inLane(`prompt:${row.id}`, () => recoverSession(core, row.id, open.get(row.id) ?? []))
  }
}

async function recoverSession(core: Core, id: SessionId, open: readonly StoredCommand[]): Promise<void> {
  const row = core.journal.session(id)
  if (!row || core.closing) return
  if (!row.directory) await finishCreating(core, id)
  const handle = handleOf(row)
  let reached = false
  if (handle) {
    try {
      await core.engine.ensureStarted()
      await reconcile(core, id)
      reached = true
    } catch (error) {
      core.log('a session could not be read again after the start', error)
      if (core.closing) return
      interrupt(core, id, STOPPED)
    }
  }
  for (const command of open) {
    if (core.closing) return
    if (command.state === 'accepted') dispatch(core, command)
    if (command.state === 'dispatching') await resolve(core, command, reached)
  }
  // Nothing of it runs any more, and no command was left to say so.
  const after = core.journal.session(id)
  if (after && !handle && open.length === 0) update(core, id, [])
}

async function finishCreating(core: Core, id: SessionId): Promise<void> {
  const row = core.journal.session(id)
  if (!row) return
  try {
    await ensureDirectory(core, id, requestedBase(row))
  } catch (cause) {
    core.log('a session could not be made', cause)
    const error = agentError(cause, 'INTERNAL')
    const session = { ...row.session, status: 'error' as const, attention: 'error' as const, error }
    if (core.journal.session(id)) update(core, id, [{ type: 'session.updated', session }])
  }
}

async function resolve(core: Core, command: StoredCommand, reached: boolean): Promise<void> {
  const row = core.journal.session(command.session_id)
  if (!row) return
  const { request } = command
  if (request.kind === 'prompt') return resolveSent(core, command.id, reached ? handleOf(row) : null, undefined)
  if (isReply(request)) return resolveReply(core, command, request, reached)
  const idle = liveOf(core, row.id).run.status === 'idle'
  finish(core, row.id, [], [[command, idle ? { state: 'done', error: null } : { state: 'unknown', error: UNKNOWN }]])
}

/**
 * A reply that may have been given: an ask that is gone while the engine works on was answered by it; one that is still
 * open was not; one that is gone with the turn may have been lost with the engine.
 */
async function resolveReply(
  core: Core,
  command: StoredCommand,
  request: ReplyRequest,
  reached: boolean,
): Promise<void> {
  const ask = askOf(core, command.session_id, request)
  const owner = ownerOf(core, request.kind, askId(request), command.session_id)
  const row = core.journal.session(owner)
  const handle = row && handleOf(row)
  try {
    if (ask && !ask.open) return endReply(core, command, ask.lost ? 'unknown' : 'done', ask.lost ? UNKNOWN : null)
    const state = reached && handle ? await core.engine.readState(handle) : null
    const pending = state && [...state.permissions, ...state.questions].some((other) => other.id === askId(request))
    if (state && !pending && state.run.status !== 'idle') return answered(core, command, owner, request)
    if (!pending) loseAsk(core, owner, request)
  } catch (error) {
    core.log('an answer could not be looked up', error)
    loseAsk(core, owner, request)
  } finally {
    core.replying.delete(askId(request))
  }
  endReply(core, command, 'unknown', UNKNOWN)
}

function askId(request: ReplyRequest): string {
  return request.kind === 'permission' ? request.permission_id : request.question_id
}
