import { newId } from '@pilot/domain/ids'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import { SCHEMA_VERSION } from '@pilot/protocol/messages/base'
import type { TerminalStateMessage } from '@pilot/protocol/messages/terminal-state'
import type { ViewerUpMessage } from '@pilot/protocol/viewer'
import { backoff, type Clock, systemClock } from '../clock.ts'
import type { SessionId } from '../runtime/runtime-apis.ts'
import type { AgentFeed, SessionWatcher } from '../session/feed.ts'
import { type TerminalFeed, terminalHub } from '../terminal/feed.ts'
import type { ConnectionState } from './connection-state.ts'
import { followPage, type PageState } from './page-state.ts'
import type { LinkPort, OpenLink } from './port.ts'
import { createProber, FRESH_MS } from './prober.ts'
import { readWorkspaceMessage } from './workspace-messages.ts'

/** An acknowledgement follows this many events, or this long after the last one, in ms. */
const ACK_EVERY = 50
const ACK_AFTER_MS = 250
const WATCH_TIMEOUT_MS = 10_000
const WATCH_RETRY_FIRST_MS = 500
const WATCH_RETRY_MAX_MS = 10_000

export interface WorkspaceLinkOptions {
  open: OpenLink
  page: PageState
  clock?: Clock
}

export interface WorkspaceLink extends AgentFeed {
  getState(): ConnectionState
  subscribe(listener: () => void): () => void
  /** What `createTerminals` works on. */
  readonly terminals: TerminalFeed
  /** What the machine says of any terminal of the workspace, for lists. Returns the function that ends it. */
  onTerminalState(listener: (message: TerminalStateMessage) => void): () => void
  /** Tries at once: dials, or probes when the link is up. */
  wake(): void
  close(): void
}

type WithoutVersion<M> = M extends unknown ? Omit<M, 'schema_version'> : never

interface Watch {
  session: SessionId
  watcher: SessionWatcher
  /** Request that is not answered yet; answers to older ones are void. */
  requestId: string | null
  attempt: number
  cancelTimer: (() => void) | null
  unacked: number
  seq: number
  cancelAck: (() => void) | null
}

/** The browser's end of the workspace link: watches sessions, hears summaries, knows whether the machine is there. */
export function createWorkspaceLink(options: WorkspaceLinkOptions): WorkspaceLink {
  const { open, page, clock = systemClock } = options
  const watches = new Set<Watch>()
  const listeners = new Set<() => void>()
  const summaryListeners = new Set<(summary: AgentSummary) => void>()
  const upListeners = new Set<() => void>()
  let state: ConnectionState = { status: 'connecting', since: clock.now() }
  let isUp = false
  let closed = false

  const setState = (next: ConnectionState) => {
    state = next
    for (const listener of listeners) listener()
  }
  /** The time since when it is as it is survives a change between two ways of not being live. */
  const sinceWhen = () => (state.status === 'live' ? clock.now() : state.since)

  const send = (message: WithoutVersion<ViewerUpMessage>) => link.send({ schema_version: SCHEMA_VERSION, ...message })

  const sync = (watch: Watch) => {
    watch.cancelTimer?.()
    watch.cancelTimer = null
    watch.requestId = null
    const since = watch.watcher.position()
    if (!isUp || since === null || !watches.has(watch)) return
    const requestId = newId('request')
    if (!send({ type: 'agent.watch', request_id: requestId, agent_session_id: watch.session, since })) return
    watch.requestId = requestId
    watch.cancelTimer = clock.after(WATCH_TIMEOUT_MS, () => retrySync(watch))
  }
  const retrySync = (watch: Watch) => {
    watch.cancelTimer?.()
    watch.requestId = null
    const delay = WATCH_RETRY_FIRST_MS + backoff(watch.attempt++, WATCH_RETRY_FIRST_MS, WATCH_RETRY_MAX_MS)
    watch.cancelTimer = clock.after(delay, () => sync(watch))
  }
  const ack = (watch: Watch) => {
    watch.cancelAck?.()
    watch.cancelAck = null
    watch.unacked = 0
    send({ type: 'agent.ack', agent_session_id: watch.session, seq: watch.seq })
  }

  const prober = createProber({
    clock,
    page,
    send: (id) => {
      if (closed || !isUp || !send({ type: 'probe', request_id: id, nonce: id })) return false
      // Tells a connection that is dead from a machine that is silent.
      link.ping()
      return true
    },
    answered: (rtt) => {
      const wasLive = state.status === 'live'
      const machineWasAway = state.status === 'machine_offline'
      setState({ status: 'live', rtt_ms: rtt, at: clock.now() })
      if (wasLive) return
      for (const listener of upListeners) listener()
      // A machine that was away may have lost the watch; asking again costs one message.
      for (const watch of watches) if (machineWasAway || watch.requestId === null) sync(watch)
    },
    silent: (askedAt) => {
      if (link.heardAt() < askedAt) link.restart()
      else machineAway()
    },
  })
  const machineAway = () => {
    if (isUp) setState({ status: 'machine_offline', since: sinceWhen() })
  }

  const onWatched = (watch: Watch, message: { epoch: string; seq: number; mode: 'replay' | 'refetch' }) => {
    watch.cancelTimer?.()
    watch.cancelTimer = null
    watch.attempt = 0
    if (message.mode === 'refetch') return watch.watcher.refetch()
    const here = watch.watcher.position()
    // A watch that goes on by itself may begin behind a hole: the journal fills it.
    const joins = here !== null && here.epoch === message.epoch && here.seq >= message.seq
    if (!joins && watch.requestId === null) sync(watch)
  }
  const onError = (requestId: string, code: string) => {
    if (prober.refuse(requestId)) machineAway()
    for (const watch of watches) {
      if (watch.requestId !== requestId) continue
      // With the machine away the watch stands: `agent.watched` follows when it is back.
      if (code !== 'RUNTIME_OFFLINE') retrySync(watch)
      else {
        watch.cancelTimer?.()
        watch.cancelTimer = null
        watch.requestId = null
      }
    }
  }

  const onMessage = (raw: unknown) => {
    const message = readWorkspaceMessage(raw)
    if (!message) return
    switch (message.type) {
      case 'agent.event':
        for (const watch of watches) {
          if (watch.session !== message.agent_session_id) continue
          watch.seq = Math.max(watch.seq, message.seq)
          watch.watcher.event({ epoch: message.epoch, seq: message.seq }, message.event)
          if (++watch.unacked >= ACK_EVERY) ack(watch)
          else watch.cancelAck ??= clock.after(ACK_AFTER_MS, () => ack(watch))
        }
        return
      case 'agent.watched':
        for (const watch of watches) {
          if (watch.session !== message.agent_session_id) continue
          const answer = message.request_id
          if (answer === watch.requestId) {
            onWatched(watch, message)
          } else if (answer === undefined) {
            watch.requestId = null
            onWatched(watch, message)
          }
        }
        return
      case 'agent.summary':
        for (const listener of summaryListeners) listener(message.summary)
        return
      case 'runtime.state':
        terminals.machine(message.online)
        if (message.online) prober.ask()
        else {
          prober.refuse()
          machineAway()
        }
        return
      case 'ack':
        if (!prober.answer(message.request_id)) terminals.message(message)
        return
      case 'error':
        if (message.request_id !== undefined) onError(message.request_id, message.code)
        terminals.message(message)
        return
      default:
        terminals.message(message)
    }
  }

  const terminals = terminalHub({
    send: (message) => link.send(message),
    sendFrame: (bytes) => link.sendFrame(bytes),
    probe: prober.ask,
  })
  const link: LinkPort = open({
    up: () => {
      isUp = true
      for (const watch of watches) sync(watch)
      terminals.up()
      prober.ask()
    },
    down: (info) => {
      isUp = false
      terminals.down()
      prober.drop()
      for (const watch of watches) {
        watch.cancelTimer?.()
        watch.cancelTimer = null
        watch.requestId = null
      }
      const since = sinceWhen()
      if (info.final) setState({ status: 'refused', since, code: info.code, reason: info.reason })
      else setState({ status: 'reconnecting', since, retry_at: info.retry_at })
    },
    message: onMessage,
    frame: (frame) => terminals.frame(frame),
  })

  const wake = () => {
    // What was true before the page slept is not known to be true now.
    if (state.status === 'live' && clock.now() - state.at > FRESH_MS) {
      setState({ status: 'connecting', since: state.at })
    }
    if (isUp) prober.ask()
    else link.wake()
  }
  const stopPage = followPage(page, {
    network: (online) => {
      if (!online && state.status === 'live') {
        setState({ status: 'reconnecting', since: clock.now(), retry_at: null })
      }
      // Only an answer to a question of after the change counts.
      prober.drop()
    },
    seen: wake,
  })

  return {
    getState: () => state,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    watch: (session, watcher) => {
      const watch: Watch = {
        session,
        watcher,
        requestId: null,
        attempt: 0,
        cancelTimer: null,
        unacked: 0,
        seq: 0,
        cancelAck: null,
      }
      watches.add(watch)
      sync(watch)
      return {
        sync: () => sync(watch),
        stop: () => {
          watches.delete(watch)
          watch.cancelTimer?.()
          watch.cancelAck?.()
          const shared = [...watches].some((other) => other.session === session)
          if (isUp && !shared) send({ type: 'agent.unwatch', agent_session_id: session })
        },
      }
    },
    onSummary: (listener) => {
      summaryListeners.add(listener)
      return () => summaryListeners.delete(listener)
    },
    onUp: (listener) => {
      upListeners.add(listener)
      return () => upListeners.delete(listener)
    },
    terminals: terminals.feed,
    onTerminalState: terminals.onState,
    wake,
    close: () => {
      closed = true
      stopPage()
      prober.drop()
      for (const watch of watches) {
        watch.cancelTimer?.()
        watch.cancelAck?.()
      }
      watches.clear()
      listeners.clear()
      link.close()
    },
  }
}
