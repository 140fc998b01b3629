import { PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import type { Position } from '@pilot/protocol/agent/event'
import type { DownMessage } from '@pilot/protocol/down'
import { encode, encodeError, type Outgoing, TEXT_LIMIT, textBytes } from '@pilot/protocol/envelope'
import type { RuntimeAgentEventMessage } from '@pilot/protocol/messages/agent-event'
import type { AgentWatchMessage } from '@pilot/protocol/messages/agent-watch'
import type { RuntimeAgentWatchedMessage } from '@pilot/protocol/messages/agent-watched'
import { MAX_UNACKED_BYTES, MAX_UNACKED_EVENTS, MAX_WATCHES_PER_VIEWER } from './limits.ts'
import { saveViewer, type Viewer } from './viewers.ts'

/**
 * One tab that follows one session.
 *
 *   pending ──agent.watched──▶ live ──too much unacknowledged──▶ slow
 *      ▲                        │ gap, link lost                  │ everything acknowledged
 *      └────────────────────────┴─────────────────────────────────┘
 */
export interface Watch {
  readonly viewer: Viewer
  readonly agent_session_id: Id<'agent_session'>
  state: 'pending' | 'live' | 'slow'
  /** Id of the outstanding `agent.watch` on link R. */
  watch_id: string | null
  /** The tab's own request that is not answered yet. */
  reply_to: string | undefined
  /** Last position sent to the tab. */
  sent: Position | null
  /** Last position that the tab said it applied; this is what survives a sleep of the hub. */
  acked: Position | null
  /** Sent since `acked`, oldest first. */
  unacked: { seq: number; bytes: number }[]
  unacked_bytes: number
}

/** Sends to the runtime; false while it is away. */
export type SendDown = (message: Outgoing<DownMessage>) => boolean

/** Fan-out of agent events: the runtime sends each event once, the hub gives it to every tab that watches. */
export class AgentWatches {
  readonly #send: SendDown
  /** By workspace and session, so that a session id guessed in another workspace meets nothing. */
  readonly #bySession = new Map<string, Set<Watch>>()
  readonly #byWatchId = new Map<string, Watch>()

  constructor(send: SendDown) {
    this.#send = send
  }

  /** Sessions that are watched. */
  get size(): number {
    return this.#bySession.size
  }

  /** A tab asks to follow a session from `since`; asking again replaces what it had. */
  watch(viewer: Viewer, message: AgentWatchMessage): void {
    const { agent_session_id, since, request_id } = message
    if (!viewer.watches.has(agent_session_id) && viewer.watches.size >= MAX_WATCHES_PER_VIEWER) {
      viewer.socket.send(
        encodeError(new PilotError('LIMIT_REACHED', 'This tab watches too many sessions.'), request_id),
      )
      return
    }
    this.#forget(viewer, agent_session_id)
    const watch = this.restore(viewer, agent_session_id, since ?? null)
    watch.reply_to = request_id
    saveViewer(viewer)
    if (!this.#ask(watch)) this.#offline(watch)
  }

  /** Takes over a watch from before a sleep; `resume` asks the runtime for it. */
  restore(viewer: Viewer, agentSessionId: Id<'agent_session'>, acked: Position | null): Watch {
    const watch: Watch = {
      viewer,
      agent_session_id: agentSessionId,
      state: 'pending',
      watch_id: null,
      reply_to: undefined,
      sent: acked,
      acked,
      unacked: [],
      unacked_bytes: 0,
    }
    viewer.watches.set(agentSessionId, watch)
    const key = keyOf(viewer.identity.workspace_id, agentSessionId)
    const watches = this.#bySession.get(key) ?? new Set()
    this.#bySession.set(key, watches.add(watch))
    return watch
  }

  unwatch(viewer: Viewer, agentSessionId: Id<'agent_session'>): void {
    if (this.#forget(viewer, agentSessionId)) saveViewer(viewer)
  }

  /** The tab is gone. */
  removeViewer(viewer: Viewer): void {
    for (const watch of [...viewer.watches.values()]) this.#forget(viewer, watch.agent_session_id)
  }

  /** The tab applied everything up to `seq`. */
  ack(viewer: Viewer, agentSessionId: Id<'agent_session'>, seq: number): void {
    const watch = viewer.watches.get(agentSessionId)
    if (!watch?.sent) return
    const { epoch } = watch.sent
    // A snapshot may be ahead of what was sent here; what was sent is applied then.
    const upTo = Math.min(seq, watch.sent.seq)
    if (watch.acked?.epoch === epoch && upTo <= watch.acked.seq) return
    watch.acked = { epoch, seq: upTo }
    while (watch.unacked[0] && watch.unacked[0].seq <= upTo) watch.unacked_bytes -= watch.unacked.shift()?.bytes ?? 0
    saveViewer(viewer)
    if (watch.state === 'slow' && watch.unacked.length === 0) this.#ask(watch)
  }

  /** The runtime accepted a watch, or (without an id) says that events of a session were skipped. */
  onWatched(message: RuntimeAgentWatchedMessage): void {
    const { request_id, workspace_id, agent_session_id } = message
    if (request_id === undefined) {
      for (const watch of this.#of(workspace_id, agent_session_id)) {
        if (watch.state === 'live') this.#start(watch, message)
      }
      return
    }
    const watch = this.#byWatchId.get(request_id)
    if (watch && this.#matches(watch, message)) this.#start(watch, message)
  }

  /** The runtime refused a watch. True when the reply was for one. */
  onError(watchId: string, error: PilotError): boolean {
    const watch = this.#byWatchId.get(watchId)
    if (!watch) return false
    if (watch.reply_to !== undefined) watch.viewer.socket.send(encodeError(error, watch.reply_to))
    if (this.#forget(watch.viewer, watch.agent_session_id)) saveViewer(watch.viewer)
    return true
  }

  onEvent(message: RuntimeAgentEventMessage): void {
    const { workspace_id, agent_session_id, watch_id, epoch, seq, event } = message
    let text: string | null = null
    const encoded = () => {
      text ??= encode({ type: 'agent.event', agent_session_id, epoch, seq, event })
      return text
    }
    if (watch_id !== undefined) {
      const watch = this.#byWatchId.get(watch_id)
      if (watch && this.#matches(watch, message)) this.#deliver(watch, { epoch, seq }, encoded)
      return
    }
    for (const watch of this.#of(workspace_id, agent_session_id)) this.#deliver(watch, { epoch, seq }, encoded)
  }

  /** The link is lost or new: nothing is watched on it, everything is asked for again by `resume`. */
  suspend(): void {
    this.#byWatchId.clear()
    for (const watch of this.#all()) {
      watch.state = 'pending'
      watch.watch_id = null
      if (watch.reply_to !== undefined) this.#offline(watch)
    }
  }

  resume(): void {
    for (const watch of this.#all()) this.#ask(watch)
  }

  #ask(watch: Watch): boolean {
    const { workspace_id, generation, user_id, role } = watch.viewer.identity
    if (watch.watch_id !== null) this.#byWatchId.delete(watch.watch_id)
    const watchId = newId('request')
    watch.state = 'pending'
    watch.watch_id = watchId
    this.#byWatchId.set(watchId, watch)
    return this.#send({
      type: 'agent.watch',
      request_id: watchId,
      workspace_id,
      generation,
      actor: { user_id, role },
      agent_session_id: watch.agent_session_id,
      since: watch.sent ?? undefined,
    })
  }

  /** The watch stands, its request is answered: `agent.watched` follows when the machine is back. */
  #offline(watch: Watch): void {
    watch.viewer.socket.send(encodeError(new PilotError('RUNTIME_OFFLINE'), watch.reply_to))
    watch.reply_to = undefined
  }

  #start(watch: Watch, { epoch, seq, mode }: RuntimeAgentWatchedMessage): void {
    const reply = { type: 'agent.watched', request_id: watch.reply_to, epoch, seq, mode }
    watch.viewer.socket.send(encode({ ...reply, agent_session_id: watch.agent_session_id }))
    watch.reply_to = undefined
    watch.state = 'live'
    watch.sent = { epoch, seq }
    if (mode === 'refetch') {
      watch.unacked = []
      watch.unacked_bytes = 0
    }
  }

  #deliver(watch: Watch, at: Position, encoded: () => string): void {
    if (watch.state !== 'live' || !watch.sent) return
    if (at.epoch === watch.sent.epoch && at.seq <= watch.sent.seq) return
    if (at.epoch !== watch.sent.epoch || at.seq !== watch.sent.seq + 1) {
      // A hole: the journal fills it.
      this.#ask(watch)
      return
    }
    const text = encoded()
    const bytes = textBytes(text)
    if (bytes > TEXT_LIMIT.viewer_down) {
      const { workspace_id } = watch.viewer.identity
      const { agent_session_id } = watch
      this.#start(watch, {
        schema_version: '1',
        type: 'agent.watched',
        workspace_id,
        agent_session_id,
        ...at,
        mode: 'refetch',
      })
      return
    }
    if (watch.unacked.length >= MAX_UNACKED_EVENTS || watch.unacked_bytes + bytes > MAX_UNACKED_BYTES) {
      watch.state = 'slow'
      return
    }
    watch.sent = at
    watch.unacked.push({ seq: at.seq, bytes })
    watch.unacked_bytes += bytes
    watch.viewer.socket.send(text)
  }

  /** False when the tab did not watch it. */
  #forget(viewer: Viewer, agentSessionId: Id<'agent_session'>): boolean {
    const watch = viewer.watches.get(agentSessionId)
    if (!watch) return false
    viewer.watches.delete(agentSessionId)
    if (watch.watch_id !== null) this.#byWatchId.delete(watch.watch_id)
    const { workspace_id } = viewer.identity
    const key = keyOf(workspace_id, agentSessionId)
    const watches = this.#bySession.get(key)
    watches?.delete(watch)
    if (watches?.size === 0) {
      this.#bySession.delete(key)
      this.#send({ type: 'agent.unwatch', workspace_id, agent_session_id: agentSessionId })
    }
    return true
  }

  #matches(watch: Watch, message: { workspace_id: string; agent_session_id: string }): boolean {
    return (
      watch.agent_session_id === message.agent_session_id && watch.viewer.identity.workspace_id === message.workspace_id
    )
  }

  #of(workspaceId: string, agentSessionId: string): Watch[] {
    return [...(this.#bySession.get(keyOf(workspaceId, agentSessionId)) ?? [])]
  }

  #all(): Watch[] {
    return [...this.#bySession.values()].flatMap((watches) => [...watches])
  }
}

function keyOf(workspaceId: string, agentSessionId: string): string {
  return `${workspaceId}/${agentSessionId}`
}
