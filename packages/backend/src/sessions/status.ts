import type { SessionState } from '@pilot/protocol/agent/fold'
import type { AgentError, AgentSession } from '@pilot/protocol/agent/model'
import type { EngineRun } from '../engine/engine.ts'

/** How a turn ended. */
export type Ending =
  | { kind: 'done' }
  | { kind: 'aborted' }
  | { kind: 'interrupted'; error: AgentError }
  | { kind: 'error'; error: AgentError }

/** True while a prompt is on its way to the engine, or worked on by it. */
export function hasOpenPrompt(state: SessionState): boolean {
  return state.commands.some(
    (command) =>
      command.kind === 'prompt' &&
      (command.state === 'accepted' || command.state === 'dispatching' || command.state === 'running'),
  )
}

/**
 * The session as its state, what the engine says about it, and the ending of a turn, if there was one, make it.
 *
 *   creating -> idle <-> busy <-> retry      busy <-> waiting      busy | retry | waiting -> interrupted | error
 *   idle | interrupted | error -> archived -> idle                 interrupted | error -> busy
 */
export function nextSession(session: AgentSession, state: SessionState, run: EngineRun, ending?: Ending): AgentSession {
  const shown = (
    status: AgentSession['status'],
    attention: AgentSession['attention'],
    error: AgentError | null = null,
    retry_at: string | null = null,
  ): AgentSession => ({ ...session, status, attention, error, retry_at })

  if (session.archived_at !== null) return shown('archived', 'none')
  if (run.status !== 'idle' || hasOpenPrompt(state)) {
    if (state.permissions.some((ask) => ask.resolution === null)) return shown('waiting', 'permission')
    if (state.questions.some((ask) => ask.resolution === null)) return shown('waiting', 'question')
    if (run.status === 'retry') {
      const error: AgentError = { code: 'AGENT_UNAVAILABLE', message: run.message.slice(0, 1_000), retryable: true }
      return shown('retry', 'none', error, run.next_at)
    }
    return shown('busy', 'none')
  }
  switch (ending?.kind) {
    case 'done':
      // A sub-agent's end is its parent's business, not a person's.
      return shown('idle', session.parent_id ? 'none' : 'done')
    case 'aborted':
      return shown('idle', 'none')
    case 'interrupted':
      return shown('interrupted', 'error', ending.error)
    case 'error':
      return shown('error', 'error', ending.error)
    case undefined:
      break
  }
  if (session.status === 'interrupted' || session.status === 'error' || session.status === 'creating') return session
  return shown('idle', session.attention === 'done' ? 'done' : 'none')
}
