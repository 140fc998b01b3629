import { type ErrorCode, PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { AgentEvent } from '@pilot/protocol/agent/event'
import { fold, type SessionState } from '@pilot/protocol/agent/fold'
import type { AgentError, Message } from '@pilot/protocol/agent/model'
import type { Engine, EngineRun, EngineSessionHandle } from '../engine/engine.ts'
import type { Touched } from './difference.ts'
import type { AppendOptions, Journal } from './journal.ts'
import { same } from './part-events.ts'
import type { CurrentModel, SessionActor, SessionClock, SessionDirectories, SessionLog } from './ports.ts'
import { type Ending, nextSession } from './status.ts'
import type { JournalSession, SessionId } from './store/rows.ts'
import type { SessionStore } from './store/store.ts'
import type { Tasks } from './tasks.ts'

/** What is known of a session's engine only while this process lives. */
export interface Live {
  run: EngineRun
  /** Who asked for a stop that the engine has not confirmed by becoming idle. */
  aborting: { by: SessionActor['user_id'] | null } | null
  /** Prompts that were on their way to the engine when the stop came: stopped again once it has them. */
  readonly stopped: Map<Id<'command'>, SessionActor['user_id'] | null>
  /** Error of the present turn, told before the engine becomes idle. */
  failed: AgentError | null
  /** Set while the engine's state is being read. */
  reading: Touched | null
  /** Cancels of the timers that look again: at the changes, at the engine. */
  changesTimer: (() => void) | null
  recheckTimer: (() => void) | null
}

/** What every part of the session service works with. */
export interface Core {
  readonly store: SessionStore
  readonly journal: Journal
  readonly engine: Engine
  readonly directories: SessionDirectories
  readonly currentModel: CurrentModel
  readonly clock: SessionClock
  readonly log: SessionLog
  readonly tasks: Tasks
  readonly instanceId: string
  readonly lives: Map<SessionId, Live>
  /** Replies on their way to the engine, by the id of the ask, so that its event can be told who answered. */
  readonly replying: Map<string, { actor: SessionActor['user_id'] | null; message?: string }>
  /** Sessions whose turn ended with the engine: read again when it is back. */
  readonly downed: Set<SessionId>
  /** Sessions that are being deleted: nothing new is taken for them. */
  readonly deleting: Set<SessionId>
  closing: boolean
}

export function now(core: Core): string {
  return core.clock.now().toISOString()
}

export function liveOf(core: Core, id: SessionId): Live {
  const known = core.lives.get(id)
  if (known) return known
  const live: Live = {
    run: { status: 'idle' },
    aborting: null,
    stopped: new Map(),
    failed: null,
    reading: null,
    changesTimer: null,
    recheckTimer: null,
  }
  core.lives.set(id, live)
  return live
}

/** Drops what is known of a session's run once there is nothing to know. */
export function releaseLive(core: Core, id: SessionId): void {
  const live = core.lives.get(id)
  if (live?.run.status !== 'idle' || live.aborting || live.failed || live.reading) return
  if (!live.changesTimer && !live.recheckTimer && live.stopped.size === 0) core.lives.delete(id)
}

export function cancelTimers(live: Live): void {
  live.changesTimer?.()
  live.recheckTimer?.()
  live.changesTimer = null
  live.recheckTimer = null
}

/** How the engine names a session; null before the engine has one. */
export function handleOf(row: JournalSession): EngineSessionHandle | null {
  return row.external_id && row.directory ? { external_id: row.external_id, directory: row.directory } : null
}

export interface UpdateOptions extends AppendOptions {
  ending?: Ending
}

/**
 * Appends entries and, when they or the run change it, the session's own new state: in one commit, so that no reader
 * sees one without the other.
 */
export function update(
  core: Core,
  id: SessionId,
  events: readonly AgentEvent[],
  { ending, ...options }: UpdateOptions = {},
): void {
  let state = core.journal.state(id)
  const all: AgentEvent[] = []
  for (const event of events) {
    const next = event.type === 'message.upserted' ? { ...event, message: withCommand(state, event.message) } : event
    all.push(next)
    state = fold([next], state)
  }
  const session = state.session
  if (session) {
    const run = core.lives.get(id)?.run ?? { status: 'idle' }
    const next = nextSession(session, state, run, ending)
    if (next.status !== session.status) next.last_activity_at = now(core)
    if (!same(next, session)) all.push({ type: 'session.updated', session: next })
  }
  if (all.length > 0 || options.work || options.change) core.journal.append(id, all, options)
}

/** Says which command made a message, or which one it answers. */
function withCommand(state: SessionState, message: Message): Message {
  if (message.command_id) return message
  const known = state.messages.find((other) => other.id === message.id)
  if (known?.command_id) return { ...message, command_id: known.command_id }
  if (message.role === 'user') {
    const command = state.commands.findLast((other) => other.message_id === message.id)
    return command ? { ...message, command_id: command.id } : message
  }
  const asked = state.messages.findLast((other) => other.role === 'user' && other.created_at <= message.created_at)
  return asked?.command_id ? { ...message, command_id: asked.command_id } : message
}

/** Anything thrown, as a person reads it. */
export function agentError(cause: unknown, fallback: ErrorCode = 'AGENT_UNAVAILABLE'): AgentError {
  const error = cause instanceof PilotError ? cause : new PilotError(fallback, undefined, undefined, { cause })
  return { code: error.code, message: error.message, retryable: error.retryable }
}

/** True when the call certainly had no effect, as the error itself says. */
export function certainlyRefused(cause: unknown): boolean {
  if (!(cause instanceof PilotError)) return false
  return !['AGENT_UNAVAILABLE', 'RUNTIME_TIMEOUT', 'RUNTIME_ERROR', 'INTERNAL', 'CANCELLED'].includes(cause.code)
}

/** The session and those above it, which show what it asks. */
export function withAncestors(core: Core, id: SessionId): SessionId[] {
  const chain: SessionId[] = []
  for (let at: SessionId | null = id; at && chain.length < 16 && !chain.includes(at); ) {
    const row: JournalSession | null = core.journal.session(at)
    if (!row) break
    chain.push(at)
    at = row.parent_id
  }
  return chain
}
