import type { Id } from '@pilot/domain/ids'
import type { CommandRequest } from '@pilot/protocol/agent/command'
import type { AgentError } from '@pilot/protocol/agent/model'
import type { EngineSessionHandle } from '../engine/engine.ts'
import { ownerOf, resolvePermission, resolveQuestion } from './asks.ts'
import { agentError, type Core, certainlyRefused, handleOf, now } from './core.ts'
import { UNKNOWN } from './dispatch-prompt.ts'
import { sessionOf } from './engine-session.ts'
import type { SessionId, StoredCommand } from './store/rows.ts'
import { finish } from './turn.ts'

export type ReplyRequest = Extract<CommandRequest, { kind: 'permission' | 'question' }>

const ANSWERED: AgentError = {
  code: 'CONFLICT',
  message: 'This was already answered. The first answer counts.',
  retryable: false,
}
const LOST: AgentError = {
  code: 'CONFLICT',
  message: 'The agent no longer waits for this answer: it was restarted or stopped. Send a prompt to go on.',
  retryable: false,
}

/** Gives an answer to the engine. The first one wins; a later one fails with CONFLICT. */
export async function dispatchReply(core: Core, id: Id<'command'>): Promise<void> {
  const command = core.store.commands.get(id)
  if (command?.state !== 'accepted' || core.closing || !isReply(command.request)) return
  const { request, session_id } = command
  const ask = askOf(core, session_id, request)
  if (!ask?.open)
    return finish(core, session_id, [], [[command, { state: 'failed', error: ask?.lost ? LOST : ANSWERED }]])
  const owner = ownerOf(core, request.kind, ask.id, session_id)
  const handle = handleOf(sessionOf(core, owner))
  if (!handle) return lost(core, command, owner, request)
  const message = request.kind === 'permission' && request.message !== undefined ? { message: request.message } : {}
  core.replying.set(ask.id, { actor: command.actor_user_id, ...message })
  try {
    finish(core, session_id, [], [[command, { state: 'dispatching', error: null }]])
    const result = await send(core, handle, request)
    if (result === 'ok') answered(core, command, owner, request)
    else gone(core, command, owner, request)
  } catch (cause) {
    core.log('an answer did not reach the engine', cause)
    failed(core, command, cause)
  } finally {
    core.replying.delete(ask.id)
  }
}

export function isReply(request: CommandRequest): request is ReplyRequest {
  return request.kind === 'permission' || request.kind === 'question'
}

/** The ask that a reply is for, as this session shows it. */
export function askOf(
  core: Core,
  id: SessionId,
  request: ReplyRequest,
): { id: string; open: boolean; lost: boolean } | null {
  const state = core.journal.state(id)
  const ask =
    request.kind === 'permission'
      ? state.permissions.find((other) => other.id === request.permission_id)
      : state.questions.find((other) => other.id === request.question_id)
  return ask ? { id: ask.id, open: ask.resolution === null, lost: ask.resolution?.outcome === 'lost' } : null
}

function send(core: Core, handle: EngineSessionHandle, request: ReplyRequest): Promise<'ok' | 'gone'> {
  return request.kind === 'permission'
    ? core.engine.replyPermission(handle, request.permission_id, request.reply, request.message)
    : core.engine.replyQuestion(handle, request.question_id, request.answers ?? null)
}

/** The engine took the answer: the ask is closed wherever it is shown, then the command is done. */
export function answered(core: Core, command: StoredCommand, owner: SessionId, request: ReplyRequest): void {
  const by = command.actor_user_id
  const at = now(core)
  for (const shown of new Set([owner, command.session_id])) {
    if (!core.journal.session(shown)) continue
    if (request.kind === 'permission') {
      const outcome = request.reply === 'reject' ? 'rejected' : request.reply
      const message = request.message === undefined ? {} : { message: request.message }
      resolvePermission(core, shown, request.permission_id, { outcome, by, at, ...message })
    } else {
      const outcome = request.answers ? 'answered' : 'rejected'
      resolveQuestion(core, shown, request.question_id, { outcome, answers: request.answers ?? [], by, at })
    }
  }
  end(core, command, 'done', null)
}

function gone(core: Core, command: StoredCommand, owner: SessionId, request: ReplyRequest): void {
  // An event about somebody else's answer may have come during the call.
  if (askOf(core, command.session_id, request)?.open) lost(core, command, owner, request)
  else end(core, command, 'failed', ANSWERED)
}

function lost(core: Core, command: StoredCommand, owner: SessionId, request: ReplyRequest): void {
  loseAsk(core, owner, request)
  end(core, command, 'failed', LOST)
}

export function loseAsk(core: Core, owner: SessionId, request: ReplyRequest): void {
  const resolution = { outcome: 'lost' as const, by: null, at: now(core) }
  if (request.kind === 'permission') resolvePermission(core, owner, request.permission_id, resolution)
  else resolveQuestion(core, owner, request.question_id, { ...resolution, answers: [] })
}

function failed(core: Core, command: StoredCommand, cause: unknown): void {
  if (core.closing) return
  if (certainlyRefused(cause)) end(core, command, 'failed', agentError(cause))
  else end(core, command, 'unknown', UNKNOWN)
}

/** Ends a reply, once. */
export function end(
  core: Core,
  { id, session_id }: StoredCommand,
  state: 'done' | 'failed' | 'unknown',
  error: AgentError | null,
): void {
  const current = core.store.commands.get(id)
  if (current?.state === 'accepted' || current?.state === 'dispatching')
    finish(core, session_id, [], [[current, { state, error }]])
}
