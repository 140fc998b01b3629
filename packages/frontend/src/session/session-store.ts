import type { Command } from '@pilot/protocol/agent/command'
import type { AgentEvent, Position, SessionSnapshot } from '@pilot/protocol/agent/event'
import { applyEvent, EMPTY_STATE, fold, type SessionState, stateOf } from '@pilot/protocol/agent/fold'
import type { AgentSession } from '@pilot/protocol/agent/model'
import { backoff, type Clock, systemClock } from '../clock.ts'
import { type PilotClientError, toClientError } from '../errors.ts'
import type { RuntimeAPIs, SessionId } from '../runtime/runtime-apis.ts'
import type { AgentFeed } from './feed.ts'

/*
 *   loading --snapshot--> ready --gap | other epoch | refetch--> refreshing --snapshot--> ready
 *      |                                                            |
 *      +--error, retryable--> retrying (content kept, if any) <-----+
 *      +--SESSION_NOT_FOUND--> missing
 *
 * State is snapshot + every event after its position, in order. An event that was seen is ignored, one that is not the
 * next is never applied. While a snapshot is on its way events are dropped: the watch is asked for again from the
 * snapshot's position, so that the journal itself fills the hole.
 */

/** Messages of one page of history. */
const PAGE_SIZE = 40
/** Changes reach the screen at most this often, in ms: about one frame. */
const PUBLISH_MS = 16
const RETRY_FIRST_MS = 500
const RETRY_MAX_MS = 15_000
/** Events that may arrive while an older page is on its way; more of them and the session is fetched anew. */
const MAX_PENDING_EVENTS = 2_000

export interface SessionView {
  phase: 'loading' | 'ready' | 'missing' | 'failed'
  state: SessionState
  /** Where `state` stands in the journal; null before the first snapshot. */
  position: Position | null
  /** Older messages exist that are not loaded. */
  has_more: boolean
  older: 'idle' | 'loading' | 'failed'
  /** Why the last fetch did not work. With phase `ready` the content is what was known before. */
  error: PilotClientError | null
  /** When the content was last known to be the truth, in ms since the epoch. */
  fresh_at: number | null
}

export interface SessionStoreOptions {
  session: SessionId
  sessions: Pick<RuntimeAPIs['sessions'], 'snapshot'>
  feed: AgentFeed
  clock?: Clock
}

export interface SessionStore {
  readonly session: SessionId
  getView(): SessionView
  subscribe(listener: () => void): () => void
  /** Fetches the page before the oldest loaded message. Does nothing when there is none or one is on its way. */
  loadOlder(): void
  /** Fetches everything anew, as a person asks for it. */
  refresh(): void
  /** Takes the machine's answer to a command of this tab, when no event told of it yet. */
  noteCommand(command: Command): void
  /** Takes the machine's answer to a change of the session, when no event told of it yet. */
  noteSession(session: AgentSession): void
  /** Ends watching and fetching. */
  close(): void
}

const INITIAL: SessionView = {
  phase: 'loading',
  state: EMPTY_STATE,
  position: null,
  has_more: false,
  older: 'idle',
  error: null,
  fresh_at: null,
}

/** Starts to fetch and follow one agent session. The session is fixed for the life of the store. */
export function createSessionStore(options: SessionStoreOptions): SessionStore {
  const { session, sessions, feed, clock = systemClock } = options
  const listeners = new Set<() => void>()
  const closed = new AbortController()
  /** What the reader sees, and what is known; they differ for at most one frame. */
  let published = INITIAL
  let view = INITIAL
  let cancelPublish: (() => void) | null = null
  let cancelRetry: (() => void) | null = null
  let attempt = 0
  let fetching = false
  /** A fetch was asked for while one was on its way: its answer may be older than the reason to ask. */
  let fetchAgain = false
  let pending: AgentEvent[] | null = null

  const publish = () => {
    cancelPublish?.()
    cancelPublish = null
    if (published === view) return
    published = view
    for (const listener of listeners) listener()
  }
  const change = (next: Partial<SessionView>, soon = false) => {
    view = { ...view, ...next }
    if (!soon) publish()
    else cancelPublish ??= clock.after(PUBLISH_MS, publish)
  }

  const watch = feed.watch(session, {
    position: () => (fetching ? null : view.position),
    event: (at, event) => {
      const here = view.position
      if (fetching || here === null) return
      if (at.epoch !== here.epoch || at.seq > here.seq + 1) return load()
      if (at.seq <= here.seq) return
      if (event && pending && pending.push(event) > MAX_PENDING_EVENTS) return load()
      const state = event ? applyEvent(view.state, event) : view.state
      change({ state, position: at, fresh_at: clock.now(), error: null }, true)
    },
    refetch: () => load(),
  })
  const stopUp = feed.onUp(() => {
    if (view.phase !== 'ready' || view.error) load()
  })

  function load(): void {
    if (closed.signal.aborted) return
    cancelRetry?.()
    cancelRetry = null
    if (fetching) {
      fetchAgain = true
      return
    }
    fetching = true
    pending = null
    void sessions.snapshot(session, { limit: PAGE_SIZE }, { signal: closed.signal }).then(loaded, (cause: unknown) => {
      if (!closed.signal.aborted) failed(toClientError(cause))
    })
  }

  function loaded(snapshot: SessionSnapshot): void {
    if (closed.signal.aborted) return
    fetching = false
    attempt = 0
    change({
      phase: 'ready',
      state: keepIdentities(view.state, keepOlder(view, snapshot)),
      position: { epoch: snapshot.epoch, seq: snapshot.seq },
      has_more: hasMoreAfter(view, snapshot),
      older: 'idle',
      error: null,
      fresh_at: clock.now(),
    })
    if (fetchAgain) {
      fetchAgain = false
      load()
    } else watch.sync()
  }

  function failed(error: PilotClientError): void {
    fetching = false
    fetchAgain = false
    const missing = error.code === 'SESSION_NOT_FOUND' || error.code === 'NOT_FOUND'
    const phase = missing ? 'missing' : view.position === null ? 'failed' : 'ready'
    change({ phase, error })
    if (error.retryable) cancelRetry = clock.after(backoff(attempt++, RETRY_FIRST_MS, RETRY_MAX_MS), load)
  }

  function loadOlder(): void {
    const oldest = view.state.messages[0]
    const at = view.position
    if (!oldest || !at || !view.has_more || view.older === 'loading' || fetching) return
    const seen: AgentEvent[] = []
    pending = seen
    change({ older: 'loading' })
    void sessions.snapshot(session, { before: oldest.id, limit: PAGE_SIZE }, { signal: closed.signal }).then(
      (page) => {
        // A newer load took over, or the page belongs to another journal: its rows may not be mixed with these.
        if (closed.signal.aborted || pending !== seen) return
        pending = null
        if (page.epoch !== view.position?.epoch) return load()
        const merged = withOlder(view.state, page)
        // Events that arrived meanwhile may be about messages of the page; each is idempotent.
        change({ state: fold(seen, merged), has_more: page.has_more, older: 'idle' })
      },
      (cause: unknown) => {
        if (closed.signal.aborted || pending !== seen) return
        pending = null
        change({ older: 'failed', error: toClientError(cause) })
      },
    )
  }

  load()
  return {
    session,
    getView: () => published,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    loadOlder,
    refresh: load,
    noteCommand: (command) => {
      if (command.session_id !== session || view.state.commands.some((known) => known.id === command.id)) return
      change({ state: applyEvent(view.state, { type: 'command.upserted', command }) })
    },
    noteSession: (next) => {
      if (next.id === session) change({ state: { ...view.state, session: next } })
    },
    close: () => {
      closed.abort()
      cancelPublish?.()
      cancelRetry?.()
      watch.stop()
      stopUp()
      listeners.clear()
    },
  }
}

/** Older pages that were loaded stay when the new page joins them and the journal is still the same one. */
function keepOlder(view: SessionView, snapshot: SessionSnapshot): SessionState {
  const fresh = stateOf(snapshot)
  const joint = joins(view, snapshot)
  if (joint <= 0) return fresh
  const ids = new Set(snapshot.commands.map((command) => command.id))
  return {
    ...fresh,
    messages: [...view.state.messages.slice(0, joint), ...fresh.messages],
    commands: [...view.state.commands.filter((command) => !ids.has(command.id)), ...fresh.commands],
  }
}

function hasMoreAfter(view: SessionView, snapshot: SessionSnapshot): boolean {
  return joins(view, snapshot) > 0 ? view.has_more : snapshot.has_more
}

/** Index in the old messages at which the new page begins, or -1. */
function joins(view: SessionView, snapshot: SessionSnapshot): number {
  const first = snapshot.messages[0]
  if (!first || view.position?.epoch !== snapshot.epoch) return -1
  return view.state.messages.findIndex((message) => message.id === first.id)
}

/** Rows that did not change keep their object, so that a refetch re-renders only what is different. */
function keepIdentities(before: SessionState, after: SessionState): SessionState {
  const known = new Map(before.messages.map((message) => [message.id, message]))
  const messages = after.messages.map((message) => {
    const old = known.get(message.id)
    return old && (old === message || JSON.stringify(old) === JSON.stringify(message)) ? old : message
  })
  return { ...after, messages }
}

function withOlder(state: SessionState, page: SessionSnapshot): SessionState {
  const known = new Set(state.messages.map((message) => message.id))
  const commands = new Set(state.commands.map((command) => command.id))
  return {
    ...state,
    messages: [...page.messages.filter((message) => !known.has(message.id)), ...state.messages],
    commands: [...page.commands.filter((command) => !commands.has(command.id)), ...state.commands],
  }
}
