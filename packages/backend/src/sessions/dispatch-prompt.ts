import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { AgentError } from '@pilot/protocol/agent/model'
import type { EngineSessionHandle } from '../engine/engine.ts'
import { agentError, type Core, certainlyRefused, liveOf } from './core.ts'
import { ABORT_MS, stoppedNow } from './dispatch-abort.ts'
import { ensureEngineSession, sessionOf } from './engine-session.ts'
import type { Ending } from './status.ts'
import type { StoredCommand } from './store/rows.ts'
import { within } from './tasks.ts'
import { FORGOTTEN, finish, forgotten, settleTurn } from './turn.ts'

export const UNKNOWN: AgentError = {
  code: 'AGENT_UNAVAILABLE',
  message:
    'It is not known whether the agent got this. It was not sent again: look at the session, then send it again.',
  retryable: false,
}

/** Sends an accepted prompt to the engine. Does nothing when it was stopped meanwhile. */
export async function dispatchPrompt(core: Core, id: Id<'command'>): Promise<void> {
  const command = accepted(core, id)
  if (command?.request.kind !== 'prompt') return
  const { session_id } = command
  let handle: EngineSessionHandle
  try {
    handle = await ensureEngineSession(core, session_id)
  } catch (cause) {
    if (core.closing) return
    core.log('the coding agent could not be used', cause)
    const still = accepted(core, id)
    if (still) end(core, still, 'failed', agentError(cause))
    return
  }
  // Stopped while the engine was starting, or the runtime closes: it is sent after the next start.
  const current = accepted(core, id)
  if (!current || core.closing) return
  const model = core.currentModel()
  const { session } = sessionOf(core, session_id)
  const live = liveOf(core, session_id)
  live.failed = null
  // A stop concerns what was sent before it.
  live.aborting = null
  finish(
    core,
    session_id,
    [{ type: 'session.updated', session: { ...session, model } }],
    [[current, { state: 'dispatching', error: null }]],
  )
  const { message_id, part_id } = command
  if (!message_id || !part_id) return
  try {
    await core.engine.prompt(handle, { text: command.request.text, message_id, part_id, model })
  } catch (cause) {
    core.log('a prompt failed', cause)
    return resolveSent(core, id, handle, cause)
  }
  await taken(core, id, handle)
}

/** The engine has the prompt. */
async function taken(core: Core, id: Id<'command'>, handle: EngineSessionHandle): Promise<void> {
  const command = core.store.commands.get(id)
  if (command?.state !== 'dispatching') return
  const { session_id } = command
  finish(core, session_id, [], [[command, { state: 'running', error: null }]])
  const live = liveOf(core, session_id)
  const by = live.stopped.get(id)
  if (by !== undefined) {
    live.stopped.delete(id)
    live.aborting = { by }
    try {
      await within(ABORT_MS, core.clock.after, core.engine.abort(handle))
      stoppedNow(core, session_id, by)
    } catch (cause) {
      live.aborting = null
      core.log('a prompt was taken before its stop, which was not confirmed', cause)
    }
    return
  }
  // The whole turn may have gone by during the call.
  if (live.run.status === 'idle') settleTurn(core, session_id)
}

/**
 * Finds out what became of a prompt whose call did not end well, or was cut off by a crash: the engine is asked for its
 * message. Not there means unknown, unless the engine itself refused it.
 */
export async function resolveSent(
  core: Core,
  id: Id<'command'>,
  handle: EngineSessionHandle | null,
  cause: unknown,
): Promise<void> {
  const command = core.store.commands.get(id)
  if (command?.state !== 'dispatching' || core.closing) return
  let known = false
  try {
    known = handle !== null && command.message_id !== null && (await core.engine.hasMessage(handle, command.message_id))
  } catch (error) {
    core.log('the engine did not say whether it has a prompt', error)
  }
  if (core.closing) return
  if (known && handle) return taken(core, id, handle)
  liveOf(core, command.session_id).stopped.delete(id)
  const current = core.store.commands.get(id)
  if (current?.state !== 'dispatching') return
  // It was never taken, so a new prompt, which gets a new session of the engine, repeats nothing.
  if (cause instanceof PilotError && cause.code === 'SESSION_NOT_FOUND') {
    end(core, current, 'failed', FORGOTTEN)
    forgotten(core, command.session_id)
  } else if (certainlyRefused(cause)) end(core, current, 'failed', agentError(cause))
  else end(core, current, 'unknown', UNKNOWN)
}

function accepted(core: Core, id: Id<'command'>): StoredCommand | null {
  const command = core.store.commands.get(id)
  return command?.state === 'accepted' ? command : null
}

function end(core: Core, command: StoredCommand, state: 'failed' | 'unknown', error: AgentError): void {
  const ending: Ending = { kind: 'error', error }
  finish(core, command.session_id, [], [[command, { state, error }]], ending)
}
