import { PilotError } from '@pilot/domain/errors'
import type { AgentEvent, AgentEventEntry, AgentSummary } from '@pilot/protocol/agent/event'
import { applyEvent, EMPTY_STATE, fold, type SessionState } from '@pilot/protocol/agent/fold'
import type { SessionClock, SessionLog } from './ports.ts'
import type { JournalSession, SessionId } from './store/rows.ts'
import type { Durability, SessionStore } from './store/store.ts'
import { summaryChanged, summaryOf } from './summary.ts'

/** Appended text waits at most this long, or until there is this much of it, so that a stream is few entries. */
export const BATCH_MS = 30
export const BATCH_CHARS = 4_096
/** Text that cannot be stored (full disk) is kept up to this size, then dropped and read again from the engine. */
export const MAX_UNSTORED_CHARS = 256 * 1024
/** Entries that stay readable behind a snapshot: this many, and all of the last ten minutes up to the hard limit. */
export const KEEP_EVENTS = 2_000
export const KEEP_MS = 10 * 60_000
export const KEEP_EVENTS_HARD = 50_000
/** Sessions whose state stays in memory. */
export const HOT_SESSIONS = 48
/** A session that leaves memory gets a snapshot when at least this many entries would have to be folded again. */
const SNAPSHOT_EVERY = 256

/** What was committed together, in order. `summary` is set when a list shows something else now. */
export interface Committed {
  session: JournalSession
  entries: AgentEventEntry[]
  summary: AgentSummary | null
}

export type NewJournal = Omit<JournalSession, 'head' | 'floor' | 'boot_id' | 'summary' | 'deleted_at'>

export interface AppendOptions {
  /** `synced` for what is acknowledged to a person. */
  durability?: Durability
  /** Columns of the session to change in the same transaction. */
  change?: Partial<Pick<JournalSession, 'directory' | 'external_id' | 'title_by_user'>>
  /** More writes of the same transaction. */
  work?: () => void
}

/** The append-only log of every session. `fold` of a session's entries is its state, always. */
export interface Journal {
  /** Starts the journal of a new session with its first entries. Throws CONFLICT when the id is taken. */
  create(row: NewJournal, events: readonly AgentEvent[], work?: () => void): void
  /** The session's row; null when there is none, or it was deleted. */
  session(id: SessionId): JournalSession | null
  /** State of a session, with text that waits to be committed. Throws SESSION_NOT_FOUND. */
  state(id: SessionId): SessionState
  /** State exactly at the newest committed entry. Throws SESSION_NOT_FOUND. */
  committed(id: SessionId): { session: JournalSession; state: SessionState }
  /** Commits entries and then tells the listeners. Throws SESSION_NOT_FOUND or STORAGE_FULL; then nothing happened. */
  append(id: SessionId, events: readonly AgentEvent[], options?: AppendOptions): void
  /** Adds an entry of appended text, which is committed a little later together with its neighbours. */
  appendText(id: SessionId, event: Extract<AgentEvent, { type: 'part.appended' }>): void
  /** Commits what waits. */
  flush(id?: SessionId): void
  /** Committed entries after `after` in order. An entry that is no longer kept shows as a jump of `seq`. */
  read(id: SessionId, after: number, limit: number): AgentEventEntry[]
  /** Forgets all but a mark that the session was deleted. */
  remove(id: SessionId): void
  /** Forgets a session completely, as if it had never been: only for one that nobody was told of. */
  discard(id: SessionId): void
  /** Called after each commit, in the order of commits. A listener that throws does not disturb the others. */
  onCommit(listener: (committed: Committed) => void): () => void
  /** Commits what waits and cancels every timer. */
  close(): void
}

interface Hot {
  row: JournalSession
  /** Fold of everything committed, and of that plus what waits. */
  state: SessionState
  live: SessionState
  waiting: Extract<AgentEvent, { type: 'part.appended' }>[]
  waitingChars: number
  cancelTimer: (() => void) | null
  snapshotSeq: number
  compactAt: number
}

export interface JournalOptions {
  store: SessionStore
  clock: SessionClock
  log: SessionLog
  /** Text of this session could not be stored and is gone: read it again from the engine. */
  onLost?: (id: SessionId) => void
}

export function createJournal({ store, clock, log, onLost }: JournalOptions): Journal {
  const hot = new Map<SessionId, Hot>()
  const listeners = new Set<(committed: Committed) => void>()
  const announcements: Committed[] = []
  let announcing = false
  let closed = false

  function announce(committed: Committed): void {
    announcements.push(committed)
    // A listener may append: what it commits is told after what is being told now.
    if (announcing) return
    announcing = true
    for (let next = announcements.shift(); next; next = announcements.shift()) {
      for (const listener of listeners) {
        try {
          listener(next)
        } catch (error) {
          log('a journal listener failed', error)
        }
      }
    }
    announcing = false
  }

  function find(id: SessionId): Hot | null {
    const known = hot.get(id)
    if (known) {
      hot.delete(id)
      hot.set(id, known)
      return known
    }
    const row = store.sessions.get(id)
    if (!row || row.deleted_at) return null
    const snapshot = store.events.snapshot(id)
    let state = snapshot?.state ?? EMPTY_STATE
    let seq = snapshot?.seq ?? 0
    const snapshotSeq = seq
    for (;;) {
      const entries = store.events.read(id, seq, 1_000)
      state = fold(
        entries.map((entry) => entry.event),
        state,
      )
      const last = entries.at(-1)
      if (!last) break
      seq = last.seq
    }
    return keep(row, state, snapshotSeq)
  }

  function keep(row: JournalSession, state: SessionState, snapshotSeq: number): Hot {
    const compactAt = Math.max(row.head, row.floor + 2 * KEEP_EVENTS)
    const entry: Hot = {
      row,
      state,
      live: state,
      waiting: [],
      waitingChars: 0,
      cancelTimer: null,
      snapshotSeq,
      compactAt,
    }
    hot.set(row.id, entry)
    for (const [id, other] of hot) {
      if (hot.size <= HOT_SESSIONS) break
      if (other === entry || other.waiting.length > 0) continue
      hot.delete(id)
      if (other.row.head - other.snapshotSeq >= SNAPSHOT_EVERY) quietly(() => saveSnapshot(other))
    }
    return entry
  }

  function get(id: SessionId): Hot {
    const entry = find(id)
    if (!entry) throw new PilotError('SESSION_NOT_FOUND')
    return entry
  }

  function quietly(work: () => void): void {
    try {
      work()
    } catch (error) {
      log('the journal could not be tidied up', error)
    }
  }

  function saveSnapshot(entry: Hot): void {
    const { id, head } = entry.row
    store.commit('written', () => store.events.saveSnapshot(id, head, entry.state))
    entry.snapshotSeq = head
  }

  /** Trims old entries behind a snapshot. Needs nothing to wait. */
  function compact(entry: Hot): void {
    const { id, head } = entry.row
    entry.compactAt = head + KEEP_EVENTS / 4
    const young = new Date(clock.now().getTime() - KEEP_MS)
    const floor = store.commit('written', () => {
      store.events.saveSnapshot(id, head, entry.state)
      const trimmed = store.events.trim(id, head - KEEP_EVENTS, young, head - KEEP_EVENTS_HARD)
      const reached = Math.max(entry.row.floor, trimmed)
      store.sessions.update(id, { floor: reached })
      return reached
    })
    entry.snapshotSeq = head
    entry.row = { ...entry.row, floor }
    entry.compactAt = Math.max(entry.compactAt, floor + 2 * KEEP_EVENTS)
  }

  function commit(entry: Hot, events: readonly AgentEvent[], options: AppendOptions & { first?: () => void }): void {
    const { id } = entry.row
    const all: AgentEvent[] = [...entry.waiting, ...events]
    const state = fold(events, entry.live)
    const head = entry.row.head + all.length
    const next: JournalSession = { ...entry.row, ...options.change, head, boot_id: store.boot_id }
    if (state.session) next.session = state.session
    const summary = summaryOf(next, head, state)
    const changed = summary && summaryChanged(next.summary, summary) ? summary : null
    if (changed) next.summary = changed
    const at = clock.now()
    store.commit(options.durability ?? 'written', () => {
      options.first?.()
      let seq = entry.row.head
      for (const event of all) {
        seq += 1
        store.events.insert(id, seq, at, event)
      }
      store.sessions.update(id, {
        head,
        boot_id: store.boot_id,
        ...options.change,
        ...(next.session !== entry.row.session ? { session: next.session } : {}),
        ...(changed ? { summary: changed } : {}),
      })
      options.work?.()
    })
    const first = entry.row.head + 1
    entry.row = next
    entry.state = state
    entry.live = state
    dropWaiting(entry)
    if (next.head > entry.compactAt) quietly(() => compact(entry))
    announce({
      session: entry.row,
      entries: all.map((event, index) => ({ seq: first + index, event })),
      summary: changed,
    })
  }

  function dropWaiting(entry: Hot): void {
    entry.waiting = []
    entry.waitingChars = 0
    entry.cancelTimer?.()
    entry.cancelTimer = null
  }

  function arm(entry: Hot, ms: number): void {
    if (closed) return
    entry.cancelTimer ??= clock.after(ms, () => {
      entry.cancelTimer = null
      flushOrRetry(entry)
    })
  }

  function flushOrRetry(entry: Hot): void {
    try {
      commit(entry, [], {})
    } catch (error) {
      log('streamed text could not be stored', error)
      if (entry.waitingChars > MAX_UNSTORED_CHARS) {
        dropWaiting(entry)
        entry.live = entry.state
        onLost?.(entry.row.id)
      } else arm(entry, 1_000)
    }
  }

  function remove(id: SessionId): void {
    const { row } = get(id)
    const at = clock.now()
    const head = row.head + 1
    const summary: AgentSummary | null = row.summary && { ...row.summary, seq: head, deleted: true, activity: '' }
    store.commit('synced', () => {
      store.events.removeAll(id)
      store.commands.removeAll(id)
      store.ownership.removeAll(id)
      store.outputs.removeAll(id)
      store.sessions.update(id, { head, floor: head, deleted_at: at, summary, external_id: null })
    })
    const entry = hot.get(id)
    if (entry) dropWaiting(entry)
    hot.delete(id)
    announce({ session: { ...row, head, floor: head, deleted_at: at, summary }, entries: [], summary })
  }

  return {
    create(row, events, work) {
      const { boot_id } = store
      const full: JournalSession = { ...row, boot_id, head: 0, floor: 0, summary: null, deleted_at: null }
      if (store.sessions.get(row.id)) throw new PilotError('CONFLICT', 'This session id was used before.')
      try {
        const first = () => store.sessions.insert(full)
        commit(keep(full, EMPTY_STATE, 0), events, { durability: 'synced', first, ...(work ? { work } : {}) })
      } catch (error) {
        hot.delete(row.id)
        throw error
      }
    },
    session(id) {
      const row = hot.get(id)?.row ?? store.sessions.get(id)
      return row && !row.deleted_at ? row : null
    },
    state: (id) => get(id).live,
    committed(id) {
      const { row, state } = get(id)
      return { session: row, state }
    },
    append(id, events, options = {}) {
      commit(get(id), events, options)
    },
    appendText(id, event) {
      const entry = get(id)
      const last = entry.waiting.at(-1)
      entry.live = applyEvent(entry.live, event)
      entry.waitingChars += event.text.length
      const continues =
        last &&
        last.message_id === event.message_id &&
        last.part_id === event.part_id &&
        last.field === event.field &&
        last.offset + last.text.length === event.offset &&
        last.text.length < BATCH_CHARS
      if (continues)
        entry.waiting[entry.waiting.length - 1] = { ...event, offset: last.offset, text: last.text + event.text }
      else entry.waiting.push(event)
      // While storing fails the retry timer decides, so that a full disk does not fail once per token.
      const failing = entry.waitingChars > 2 * BATCH_CHARS
      if (entry.waitingChars >= BATCH_CHARS && !failing) flushOrRetry(entry)
      else arm(entry, BATCH_MS)
    },
    flush(id) {
      for (const entry of id ? [get(id)] : [...hot.values()]) if (entry.waiting.length > 0) commit(entry, [], {})
    },
    read: (id, after, limit) => store.events.read(id, after, limit),
    remove,
    discard(id) {
      store.commit('synced', () => {
        store.events.removeAll(id)
        store.sessions.remove(id)
      })
      const entry = hot.get(id)
      if (entry) dropWaiting(entry)
      hot.delete(id)
    },
    onCommit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      for (const entry of hot.values()) {
        if (entry.waiting.length > 0) quietly(() => commit(entry, [], {}))
        if (entry.row.head - entry.snapshotSeq >= SNAPSHOT_EVERY) quietly(() => saveSnapshot(entry))
        dropWaiting(entry)
      }
      closed = true
      hot.clear()
    },
  }
}
