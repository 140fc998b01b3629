import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { AgentSummary, Position } from '@pilot/protocol/agent/event'
import { encode, encodeError, TEXT_LIMIT, textBytes } from '@pilot/protocol/envelope'
import type { Clock } from '@pilot/protocol/link/clock'
import type { RuntimeAgentWatchMessage } from '@pilot/protocol/messages/agent-watch'
import type { AgentEntry, AgentEventSource, AgentHead, AgentSourceItem } from './agent-event-source.ts'

/** A viewer that is further behind reads a snapshot instead. */
export const MAX_REPLAY_EVENTS = 1_000
export const MAX_REPLAY_BYTES = 1_048_576
/** Events wait in the journal while the socket holds this many bytes. */
export const MAX_AHEAD_BYTES = 262_144
const PAGE = 100
const DRAIN_POLL_MS = 10

interface Followed {
  readonly workspace_id: Id<'workspace'>
  readonly agent_session_id: Id<'agent_session'>
  /** Everything up to here was sent to all viewers. */
  sent: Position
}

export interface SessionWatchesOptions {
  events: AgentEventSource
  clock: Clock
  send(text: string): void
  bufferedAmount(): number
}

/**
 * The events of the sessions that somebody looks at, over one connection. The journal is the buffer: while the socket
 * is full nothing is read from it, and a connection that is lost leaves nothing behind.
 */
export class SessionWatches {
  readonly #options: SessionWatchesOptions
  readonly #followed = new Map<Id<'agent_session'>, Followed>()
  /** Summaries that wait for the socket, the newest of each session. */
  readonly #summaries = new Map<Id<'agent_session'>, AgentSummary>()
  #cancelPump: (() => void) | null = null

  constructor(options: SessionWatchesOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#followed.size
  }

  /** Answers one `agent.watch`, with the replay right behind it. */
  watch(message: RuntimeAgentWatchMessage): void {
    const { request_id, agent_session_id, workspace_id, since } = message
    const head = this.#options.events.head(agent_session_id)
    if (head?.workspace_id !== workspace_id) {
      this.#options.send(encodeError(new PilotError('SESSION_NOT_FOUND'), request_id))
      return
    }
    const followed = this.#follow(agent_session_id, head)
    // All viewers get what comes after this; the replay fills what is before it.
    const base = followed.sent
    const replay = since ? this.#replay(agent_session_id, since, base, head) : null
    const start = replay && since ? since : base
    this.#send({
      type: 'agent.watched',
      request_id,
      workspace_id,
      agent_session_id,
      epoch: start.epoch,
      seq: start.seq,
      mode: replay ? 'replay' : 'refetch',
    })
    for (const entry of replay ?? []) this.#options.send(eventText(followed, base.epoch, entry, request_id))
  }

  unwatch(agentSessionId: Id<'agent_session'>): void {
    this.#followed.delete(agentSessionId)
  }

  /** Takes what the journal just committed. */
  onItem(item: AgentSourceItem): void {
    if (item.kind === 'summary') {
      this.sendSummary(item.summary)
      return
    }
    const followed = this.#followed.get(item.agent_session_id)
    if (!followed) return
    const { epoch, seq } = item
    if (epoch !== followed.sent.epoch) this.#skipTo(followed, { epoch, seq })
    else if (seq === followed.sent.seq + 1 && this.#roomy()) this.#sendEntry(followed, item)
    else if (seq > followed.sent.seq) this.#schedulePump()
  }

  sendSummary(summary: AgentSummary): void {
    if (this.#summaries.size === 0 && this.#roomy()) {
      this.#send({ type: 'agent.summary', summary })
      return
    }
    this.#summaries.set(summary.agent_session_id, summary)
    this.#schedulePump()
  }

  /** The connection is over. */
  clear(): void {
    this.#cancelPump?.()
    this.#cancelPump = null
    this.#followed.clear()
    this.#summaries.clear()
  }

  #follow(agentSessionId: Id<'agent_session'>, head: AgentHead): Followed {
    const known = this.#followed.get(agentSessionId)
    if (known?.sent.epoch === head.epoch) return known
    const { workspace_id, epoch, seq } = head
    const followed: Followed = { workspace_id, agent_session_id: agentSessionId, sent: { epoch, seq } }
    this.#followed.set(agentSessionId, followed)
    return followed
  }

  /** The entries after `since` up to `base`; null when only a snapshot helps. */
  #replay(id: Id<'agent_session'>, since: Position, base: Position, head: Position): AgentEntry[] | null {
    if (since.epoch !== base.epoch || since.seq > head.seq) return null
    if (base.seq - since.seq > MAX_REPLAY_EVENTS) return null
    const entries: AgentEntry[] = []
    let bytes = 0
    for (let at = since.seq; at < base.seq; ) {
      const page = this.#options.events.read(id, at, Math.min(PAGE, base.seq - at))
      if (page.length === 0) return null
      for (const entry of page) {
        if (entry.seq !== at + 1) return null
        at = entry.seq
        bytes += textBytes(JSON.stringify(entry.event))
        if (bytes > MAX_REPLAY_BYTES) return null
        entries.push(entry)
      }
    }
    return entries
  }

  #sendEntry(followed: Followed, entry: AgentEntry): void {
    const { epoch } = followed.sent
    const text = eventText(followed, epoch, entry)
    if (textBytes(text) > TEXT_LIMIT.runtime) {
      this.#skipTo(followed, { epoch, seq: entry.seq })
      return
    }
    followed.sent = { epoch, seq: entry.seq }
    this.#options.send(text)
  }

  /** Tells all viewers of a session to read a snapshot: what they miss up to `at` does not come as events. */
  #skipTo(followed: Followed, at: Position): void {
    const { workspace_id, agent_session_id } = followed
    followed.sent = { epoch: at.epoch, seq: at.seq }
    this.#send({ type: 'agent.watched', workspace_id, agent_session_id, ...followed.sent, mode: 'refetch' })
  }

  #schedulePump(): void {
    this.#cancelPump ??= this.#options.clock.after(DRAIN_POLL_MS, () => {
      this.#cancelPump = null
      this.#pump()
    })
  }

  #pump(): void {
    for (const [id, summary] of this.#summaries) {
      if (!this.#roomy()) break
      this.#summaries.delete(id)
      this.#send({ type: 'agent.summary', summary })
    }
    let behind = this.#summaries.size > 0
    for (const followed of this.#followed.values()) behind = this.#catchUp(followed) || behind
    if (behind) this.#schedulePump()
  }

  /** True when the socket is full before the session's head is reached. */
  #catchUp(followed: Followed): boolean {
    const head = this.#options.events.head(followed.agent_session_id)
    if (!head) return false
    if (head.epoch !== followed.sent.epoch || head.seq - followed.sent.seq > MAX_REPLAY_EVENTS) {
      this.#skipTo(followed, head)
      return false
    }
    while (followed.sent.seq < head.seq) {
      if (!this.#roomy()) return true
      const page = this.#options.events.read(followed.agent_session_id, followed.sent.seq, PAGE)
      if (page[0]?.seq !== followed.sent.seq + 1) {
        this.#skipTo(followed, head)
        return false
      }
      for (const entry of page) this.#sendEntry(followed, entry)
    }
    return false
  }

  #roomy(): boolean {
    return this.#options.bufferedAmount() < MAX_AHEAD_BYTES
  }

  #send(message: { type: string } & Record<string, unknown>): void {
    this.#options.send(encode(message))
  }
}

function eventText(followed: Followed, epoch: string, { seq, event }: AgentEntry, watchId?: string): string {
  const { workspace_id, agent_session_id } = followed
  return encode({ type: 'agent.event', workspace_id, agent_session_id, watch_id: watchId, epoch, seq, event })
}
