import { PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import type { Command, CommandRequest } from '@pilot/protocol/agent/command'
import { type SessionState, stateOf } from '@pilot/protocol/agent/fold'
import type { AgentSession, FileChange } from '@pilot/protocol/agent/model'
import type { SessionActor, SessionDirectories } from '../ports.ts'
import { createSessionService, type SessionService } from '../service.ts'
import type { SessionId, WorkspaceId } from '../store/rows.ts'
import type { Continuity } from '../store/schema.ts'
import { FakeEngine } from './fake-engine.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'

export const MODEL = { provider: 'demo', model: 'demo', label: 'Demo model', demo: true }
export const CONTINUITY: Continuity = { boot_id: 'boot-1', storage_id: 'file-1' }

/** Directories that exist in memory only. */
export class FakeDirectories implements SessionDirectories {
  readonly made = new Map<SessionId, number>()
  fail: PilotError | null = null
  dirty = false
  found: { changes: FileChange[]; truncated: boolean } = { changes: [], truncated: false }

  async create({ session_id }: { session_id: SessionId }) {
    if (this.fail) throw this.fail
    this.made.set(session_id, (this.made.get(session_id) ?? 0) + 1)
    return { directory: `/work/${session_id}`, worktree: null }
  }
  async remove(id: SessionId, { force }: { force: boolean }) {
    if (this.dirty && !force) {
      throw new PilotError('WORKTREE_DIRTY')
    }
    this.made.delete(id)
  }
  async diff() {
    return { base: 'abc', files: [], truncated: false }
  }
  async changes() {
    return this.found
  }
}

export interface Harness {
  db: SqliteDatabase
  engine: FakeEngine
  directories: FakeDirectories
  clock: ManualClock
  service: SessionService
  workspace: WorkspaceId
  actor: SessionActor
  logged: string[]
  /** Ends this service as kill -9 would, and starts another over the same rows and the same engine. */
  restart(continuity?: Continuity): void
  newSession(): Promise<AgentSession>
  /** Sends a prompt; gives the command as it was accepted. */
  prompt(session: SessionId, text: string, id?: Id<'command'>): Command
  send(request: CommandRequest): Command
  command(session: SessionId, id: Id<'command'>): Command
  /** The whole state as a reader has it who takes a snapshot now. */
  state(session: SessionId): SessionState
  /** Waits for background work, lets `ms` pass and waits again. */
  settle(ms?: number): Promise<void>
}

export function createHarness(options: { db?: SqliteDatabase; engine?: FakeEngine } = {}): Harness {
  const db = options.db ?? openNodeSqlite()
  const engine = options.engine ?? new FakeEngine()
  const directories = new FakeDirectories()
  const clock = manualClock()
  const workspace = newId('workspace')
  const actor: SessionActor = { user_id: newId('user'), role: 'member' }
  const logged: string[] = []
  let attached = engine.attach()
  const open = (continuity: Continuity) =>
    createSessionService({
      db,
      continuity,
      instanceId: 'inst_1',
      engine: attached,
      directories,
      currentModel: () => MODEL,
      log: (message, cause) => logged.push(`${message}: ${String(cause)}`),
      clock,
    })
  const harness: Harness = {
    db,
    engine,
    directories,
    clock,
    service: open(CONTINUITY),
    workspace,
    actor,
    logged,
    restart(continuity = CONTINUITY) {
      attached.kill()
      attached = engine.attach()
      harness.service = open(continuity)
      harness.service.start()
    },
    async newSession() {
      const { session } = await harness.service.create(workspace, actor, { id: newId('agent_session') })
      return session
    },
    prompt(session, text, id = newId('command')) {
      return harness.send({ id, session_id: session, kind: 'prompt', text })
    },
    send: (request) => harness.service.submit(workspace, request.session_id, actor, request),
    command: (session, id) => harness.service.command(workspace, session, id),
    state: (session) => stateOf(harness.service.snapshot(workspace, session, { limit: 200 })),
    async settle(ms = 100) {
      await harness.service.settled()
      clock.advance(ms)
      await harness.service.settled()
    },
  }
  harness.service.start()
  return harness
}
