import { newId } from '@pilot/domain/ids'
import type { Command } from '@pilot/protocol/agent/command'
import type { AgentEvent, Position, SessionSnapshot } from '@pilot/protocol/agent/event'
import { applyEvent, EMPTY_STATE, type SessionState } from '@pilot/protocol/agent/fold'
import type { AgentSession, MessageWithParts } from '@pilot/protocol/agent/model'
import type { SessionId } from '../runtime/runtime-apis.ts'
import type { AgentFeed, SessionWatcher } from '../session/feed.ts'

const TIME = '2026-03-02T09:00:00Z'

export function fakeSession(id: SessionId): AgentSession {
  return {
    id,
    workspace_id: newId('workspace'),
    parent_id: null,
    agent: 'opencode',
    title: 'A session',
    status: 'idle',
    attention: 'none',
    error: null,
    retry_at: null,
    model: null,
    worktree: null,
    created_by: null,
    created_at: TIME,
    last_activity_at: TIME,
    archived_at: null,
  }
}

export function fakeMessage(id: string, text: string): MessageWithParts {
  return {
    id,
    role: 'assistant',
    command_id: null,
    created_at: TIME,
    completed_at: TIME,
    status: 'completed',
    error: null,
    usage: null,
    parts: [{ id: `${id}-text`, type: 'text', text, done: true }],
  }
}

export function fakeCommand(session: SessionId, id: Command['id'], state: Command['state'] = 'accepted'): Command {
  return {
    id,
    session_id: session,
    kind: 'prompt',
    state,
    text: 'do it',
    message_id: null,
    actor_user_id: null,
    error: null,
    created_at: TIME,
    updated_at: TIME,
  }
}

/** One session on a machine: a journal, its state, and a feed to the tabs that watch. */
export class FakeRuntime {
  epoch = 'e1'
  state: SessionState
  /** Snapshots wait for `release` while true. */
  hold = false
  snapshots = 0
  fail: Error | null = null
  readonly journal: AgentEvent[] = []
  readonly watchers = new Set<SessionWatcher>()
  #waiting: (() => void)[] = []
  constructor(
    readonly session: SessionId,
    messages: MessageWithParts[] = [],
  ) {
    this.state = { ...EMPTY_STATE, session: fakeSession(session), messages }
  }

  /** Appends to the journal without telling anybody. */
  commit(event: AgentEvent): Position {
    this.journal.push(event)
    this.state = applyEvent(this.state, event)
    return { epoch: this.epoch, seq: this.journal.length }
  }
  /** Appends and tells every watcher. */
  emit(event: AgentEvent): void {
    const position = this.commit(event)
    for (const watcher of this.watchers) watcher.event(position, event)
  }
  release(): void {
    this.hold = false
    for (const go of this.#waiting.splice(0)) go()
  }

  readonly sessions = {
    snapshot: async (_id: SessionId, page?: { before?: string; limit?: number }): Promise<SessionSnapshot> => {
      this.snapshots++
      if (this.fail) throw this.fail
      const all = this.state.messages
      const end = page?.before === undefined ? all.length : all.findIndex((message) => message.id === page.before)
      const start = Math.max(0, end - (page?.limit ?? 40))
      const { session, permissions, questions, todos, commands, changes, changes_truncated } = this.state
      if (!session) throw new Error('no session')
      const answer: SessionSnapshot = {
        epoch: this.epoch,
        seq: this.journal.length,
        session,
        messages: all.slice(start, end).map((message) => ({ ...message, parts: [...message.parts] })),
        has_more: start > 0,
        permissions: [...permissions],
        questions: [...questions],
        todos: [...todos],
        commands: [...commands],
        changes: [...changes],
        changes_truncated,
      }
      if (this.hold) await new Promise<void>((resolve) => this.#waiting.push(resolve))
      return answer
    },
  }

  readonly feed: AgentFeed = {
    watch: (_session, watcher) => {
      this.watchers.add(watcher)
      const sync = () => {
        const since = watcher.position()
        if (!since) return
        if (since.epoch !== this.epoch) return watcher.refetch()
        this.journal.slice(since.seq).forEach((event, index) => {
          watcher.event({ epoch: this.epoch, seq: since.seq + index + 1 }, event)
        })
      }
      return { sync, stop: () => this.watchers.delete(watcher) }
    },
    onSummary: () => () => undefined,
    onUp: () => () => undefined,
  }
}
