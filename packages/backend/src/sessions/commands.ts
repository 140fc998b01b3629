import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { Command, CommandRequest } from '@pilot/protocol/agent/command'
import type { AgentEvent } from '@pilot/protocol/agent/event'
import { commandEvent, commandOf } from './command-view.ts'
import { type Core, now, update } from './core.ts'
import { dispatchAbort } from './dispatch-abort.ts'
import { dispatchPrompt } from './dispatch-prompt.ts'
import { dispatchReply } from './dispatch-reply.ts'
import type { SessionActor } from './ports.ts'
import {
  canonicalJson,
  type JournalSession,
  type SessionId,
  type StoredCommand,
  type WorkspaceId,
} from './store/rows.ts'

/*
 * A command happens at most once.
 *
 *   accepted --commit--> dispatching --commit, then the call--> running --> done | failed | interrupted
 *      |                      |
 *      | stop                 +-- crash, or no clear answer: looked up at the engine: there -> running or done,
 *      v                          not there -> unknown (only a person sends it again, as a new command)
 *   interrupted
 *
 * `accepted` is on the disk, with the ids that the engine will know the prompt by, before anybody is told. A command
 * that is found `accepted` after a crash was never sent, so it is sent then.
 */

/** Prompts of one session that are not finished; more are refused with LIMIT_REACHED. */
export const OPEN_PROMPTS = 32
export const DEFAULT_TITLE = 'New session'
const TITLE_CHARS = 80

/**
 * Takes a command, once. The same id with the same body gives the command as it stands now, with another body CONFLICT.
 * Throws SESSION_NOT_FOUND, NOT_FOUND (no such ask), CONFLICT, LIMIT_REACHED or STORAGE_FULL; then nothing is kept.
 */
export function submit(
  core: Core,
  workspaceId: WorkspaceId,
  sessionId: SessionId,
  actor: SessionActor,
  request: CommandRequest,
): Command {
  if (request.session_id !== sessionId)
    throw new PilotError('CONFLICT', 'The command names another session than the address it was sent to.')
  const known = core.store.commands.get(request.id)
  if (known) return repeated(known, workspaceId, request)
  if (core.closing) throw new PilotError('RUNTIME_OFFLINE')
  const row = core.journal.session(sessionId)
  if (!row || row.workspace_id !== workspaceId || core.deleting.has(sessionId))
    throw new PilotError('SESSION_NOT_FOUND')
  const stored = newCommand(core, row, actor.user_id, request)
  check(core, row, request)
  const events: AgentEvent[] = [commandEvent(stored)]
  const work = () => {
    core.store.commands.insert(stored)
    if (stored.message_id)
      core.store.ownership.claim('message', stored.message_id, { session_id: row.id, workspace_id: row.workspace_id })
  }
  if (request.kind === 'prompt') events.push(prompted(core, row, request.text))
  update(core, row.id, events, { durability: 'synced', work })
  dispatch(core, stored)
  return commandOf(stored)
}

/** The command as it stands. Throws COMMAND_NOT_FOUND. */
export function getCommand(core: Core, sessionId: SessionId, id: Id<'command'>): Command {
  const stored = core.store.commands.get(id)
  if (!stored || stored.session_id !== sessionId) throw new PilotError('COMMAND_NOT_FOUND')
  return commandOf(stored)
}

/** Puts an accepted command on its way: prompts in order, replies in order, a stop at once. */
export function dispatch(core: Core, { id, session_id, request }: StoredCommand): void {
  switch (request.kind) {
    case 'prompt':
      core.tasks.inLane(`prompt:${session_id}`, () => dispatchPrompt(core, id))
      return
    case 'abort':
      core.tasks.inLane(`abort:${session_id}`, () => dispatchAbort(core, id))
      return
    default:
      core.tasks.inLane(`reply:${session_id}`, () => dispatchReply(core, id))
      return
  }
}

function repeated(known: StoredCommand, workspaceId: WorkspaceId, request: CommandRequest): Command {
  const sameBody = canonicalJson(known.request) === canonicalJson(request)
  // Whose command it is in another workspace is nobody's business here, and its content even less.
  if (known.workspace_id !== workspaceId || !sameBody)
    throw new PilotError('CONFLICT', 'This command id was used for something else. Send it with a new id.')
  return commandOf(known)
}

function newCommand(core: Core, row: JournalSession, actor: Id<'user'>, request: CommandRequest): StoredCommand {
  const ids = request.kind === 'prompt' ? core.engine.newPromptIds() : null
  const at = core.clock.now()
  return {
    id: request.id,
    workspace_id: row.workspace_id,
    session_id: row.id,
    request,
    state: 'accepted',
    message_id: ids?.message_id ?? null,
    part_id: ids?.part_id ?? null,
    actor_user_id: actor,
    error: null,
    created_at: at,
    updated_at: at,
  }
}

function check(core: Core, row: JournalSession, request: CommandRequest): void {
  const state = core.journal.state(row.id)
  switch (request.kind) {
    case 'prompt': {
      if (row.session.archived_at) throw new PilotError('CONFLICT', 'This session is archived. Restore it first.')
      const open = core.store.commands.open(row.id).filter((command) => command.request.kind === 'prompt')
      if (open.length >= OPEN_PROMPTS || core.tasks.full(`prompt:${row.id}`))
        throw new PilotError('LIMIT_REACHED', 'Too many prompts wait in this session. Wait until some are answered.')
      return
    }
    case 'permission':
      if (!state.permissions.some((ask) => ask.id === request.permission_id))
        throw new PilotError('NOT_FOUND', 'The agent never asked for this permission.')
      break
    case 'question':
      if (!state.questions.some((ask) => ask.id === request.question_id))
        throw new PilotError('NOT_FOUND', 'The agent never asked this question.')
      break
    case 'abort':
      break
  }
  if (core.tasks.full(`${request.kind === 'abort' ? 'abort' : 'reply'}:${row.id}`))
    throw new PilotError('LIMIT_REACHED')
}

/** A new prompt is what the session is about now; the first one also names it. */
function prompted(core: Core, row: JournalSession, text: string): AgentEvent {
  const line = text.trim().split('\n', 1)[0]?.replace(/\s+/g, ' ').trim() ?? ''
  const short = line.length > TITLE_CHARS ? `${line.slice(0, TITLE_CHARS - 1)}…` : line
  const named = row.title_by_user || row.session.title !== DEFAULT_TITLE || short === ''
  const title = named ? row.session.title : short.toWellFormed()
  return { type: 'session.updated', session: { ...row.session, title, last_activity_at: now(core) } }
}
