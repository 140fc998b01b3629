import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import type { Command, CommandRequest } from '@pilot/protocol/agent/command'
import type { AgentEventEntry, Position, SessionSnapshot } from '@pilot/protocol/agent/event'
import type { SessionDiff } from '@pilot/protocol/agent/rest'
import type { Engine } from '../engine/engine.ts'
import type { AgentEventSource } from '../link/agent-event-source.ts'
import { getCommand, submit } from './commands.ts'
import { type Core, cancelTimers, handleOf } from './core.ts'
import { agentEventSource } from './event-source.ts'
import { ingest } from './ingest.ts'
import { createJournal } from './journal.ts'
import { createLifecycle, type Lifecycle, scoped } from './lifecycle.ts'
import { type PageOptions, page } from './paging.ts'
import {
  type CurrentModel,
  type SessionActor,
  type SessionClock,
  type SessionDirectories,
  type SessionLog,
  systemClock,
} from './ports.ts'
import { recover } from './recovery.ts'
import type { SessionId, WorkspaceId } from './store/rows.ts'
import type { Continuity } from './store/schema.ts'
import { openSessionStore } from './store/store.ts'
import { createTasks, within } from './tasks.ts'
import { scheduleRecheck } from './turn.ts'

/** Closing waits this long for work that is under way; what is left is recovered at the next start. */
const DRAIN_MS = 5_000

export interface SessionServiceOptions {
  /** `runtime.db`. The service makes its own tables in it and is their only writer. */
  db: SqliteDatabase
  continuity: Continuity
  instanceId: string
  engine: Engine
  directories: SessionDirectories
  currentModel: CurrentModel
  log: SessionLog
  clock?: SessionClock
}

/** The agent sessions of one instance on this machine. Every call that names a workspace sees only its sessions. */
export interface SessionService extends Lifecycle {
  /** Takes the engine's events and, in the background, puts right what the last process left unfinished. */
  start(): void
  /** Takes a command, once. See `commands.ts` for its states. */
  submit(workspaceId: WorkspaceId, id: SessionId, actor: SessionActor, request: CommandRequest): Command
  command(workspaceId: WorkspaceId, id: SessionId, commandId: Id<'command'>): Command
  snapshot(workspaceId: WorkspaceId, id: SessionId, options: PageOptions): SessionSnapshot
  /** Newest committed position, and from where on entries are still kept. */
  position(workspaceId: WorkspaceId, id: SessionId): Position & { floor: number }
  /** Committed entries after `after`, at most `limit`. */
  read(workspaceId: WorkspaceId, id: SessionId, after: number, limit: number): AgentEventEntry[]
  diff(workspaceId: WorkspaceId, id: SessionId, path?: string): Promise<SessionDiff>
  /** Whole output of a tool call, as far as it is kept. Throws NOT_FOUND. */
  output(workspaceId: WorkspaceId, id: SessionId, partId: string): Promise<string>
  /** For the link. */
  readonly events: AgentEventSource
  /** Resolves when no background work is under way. */
  settled(): Promise<void>
  /** Takes nothing new, waits for what is under way, and writes everything out. The database stays open. */
  close(): Promise<void>
}

/** Opens the session service over its tables. Throws CONFLICT when they are of a newer version. */
export function createSessionService(options: SessionServiceOptions): SessionService {
  const { engine, directories, currentModel, log, instanceId, clock = systemClock } = options
  const store = openSessionStore(options.db, options.continuity)
  const journal = createJournal({ store, clock, log, onLost: (id) => scheduleRecheck(core, id) })
  const core: Core = {
    store,
    journal,
    engine,
    directories,
    currentModel,
    clock,
    log,
    instanceId,
    tasks: createTasks(log),
    lives: new Map(),
    replying: new Map(),
    downed: new Set(),
    deleting: new Set(),
    closing: false,
  }
  const lifecycle = createLifecycle(core)
  let unsubscribe: (() => void) | null = null

  return {
    ...lifecycle,
    start() {
      unsubscribe ??= engine.subscribe((event) => ingest(core, event))
      recover(core)
    },
    submit: (workspaceId, id, actor, request) => submit(core, workspaceId, id, actor, request),
    command(workspaceId, id, commandId) {
      scoped(core, workspaceId, id)
      return getCommand(core, id, commandId)
    },
    snapshot(workspaceId, id, paging) {
      scoped(core, workspaceId, id)
      const { session: row, state } = journal.committed(id)
      return page({ epoch: row.epoch, seq: row.head }, { ...state, session: row.session }, paging)
    },
    position(workspaceId, id) {
      const { epoch, head, floor } = scoped(core, workspaceId, id)
      return { epoch, seq: head, floor }
    },
    read(workspaceId, id, after, limit) {
      scoped(core, workspaceId, id)
      return journal.read(id, after, limit)
    },
    async diff(workspaceId, id, path) {
      let row = scoped(core, workspaceId, id)
      // A sub-agent works in the directory of the session that started it.
      while (row.parent_id) row = scoped(core, workspaceId, row.parent_id)
      return directories.diff(row.id, path)
    },
    async output(workspaceId, id, partId) {
      const row = scoped(core, workspaceId, id)
      const parts = journal.state(id).messages.flatMap((message) => message.parts)
      const part = parts.find((other) => other.id === partId)
      if (part?.type !== 'tool') throw new PilotError('NOT_FOUND', 'There is no such tool call in this session.')
      const stored = store.outputs.get(id, partId)
      if (stored && stored.bytes >= part.output_bytes) return stored.output
      if (Buffer.byteLength(part.output) >= part.output_bytes) return part.output
      const handle = handleOf(row)
      const fresh = handle && engine.health().status === 'ok' ? await engine.toolOutput(handle, partId) : null
      return fresh ?? stored?.output ?? part.output
    },
    events: agentEventSource(journal, store, clock),
    settled: () => core.tasks.drained(),
    async close() {
      if (core.closing) return
      core.closing = true
      unsubscribe?.()
      for (const live of core.lives.values()) cancelTimers(live)
      try {
        await within(DRAIN_MS, clock.after, core.tasks.drained())
      } catch (error) {
        log('session work was still under way at the end', error)
      }
      journal.close()
      store.close()
    },
  }
}
