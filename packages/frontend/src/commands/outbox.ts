import type { Id } from '@pilot/domain/ids'
import type { Command } from '@pilot/protocol/agent/command'
import type { AgentSession } from '@pilot/protocol/agent/model'
import { backoff, type Clock, systemClock } from '../clock.ts'
import { type PilotClientError, toClientError } from '../errors.ts'
import type { RuntimeAPIs, SessionId } from '../runtime/runtime-apis.ts'
import {
  ABORT_TTL_MS,
  type OutboxRecord,
  type OutboxRequest,
  outboxKey,
  outboxPrefix,
  PROMPT_HOLD_MS,
  parseRecord,
} from './outbox-record.ts'
import type { OutboxStorage, TabLocks } from './ports.ts'

/*
 *   waiting --POST--> sending --2xx--> (gone: the machine's own record takes over)
 *      ^                 |--certainly not delivered--> waiting (again after a delay, or when the link is up)
 *      |                 |--no answer--> unconfirmed --POST, same id--> sending
 *    send now            +--no--> refused
 *     held <--too old-- waiting
 *
 * One record per key, so that tabs never overwrite each other's. A record is sent by the tab that holds its lock; were
 * two tabs to send it all the same, the id makes it one command.
 */

const RETRY_FIRST_MS = 500
const RETRY_MAX_MS = 20_000
/** Answers that prove that the machine never saw the request. */
const NOT_DELIVERED = new Set([
  'RUNTIME_OFFLINE',
  'UNAUTHENTICATED',
  'RATE_LIMITED',
  'NO_ELIGIBLE_RUNTIME',
  'WORKSPACE_NOT_READY',
])

export interface OutboxOptions {
  userId: Id<'user'>
  apis: Pick<RuntimeAPIs, 'slug' | 'commands'> & { sessions: Pick<RuntimeAPIs['sessions'], 'create'> }
  storage: OutboxStorage
  locks: TabLocks
  clock?: Clock
  /**
   * Throws when it is already known that the machine cannot be reached. Called before each request, so that what is
   * written while offline stays certainly not sent, and so cancellable.
   */
  preflight?: () => Promise<void>
  /** The machine stored a command of this tab. */
  onCommand?: (command: Command) => void
  /** The machine made the session. */
  onSession?: (session: AgentSession) => void
}

export interface Outbox {
  /** Everything that is not confirmed, oldest first; the same array until something changes. */
  records(): readonly OutboxRecord[]
  subscribe(listener: () => void): () => void
  /** Stores the request, then sends it. The session that it goes to is the one inside the request. */
  add(request: OutboxRequest): void
  /** Takes back what certainly was not delivered. False when it may have been: then it cannot be taken back. */
  cancel(id: string): boolean
  /** Sends a held or refused record as it is, with its own id. */
  sendNow(id: string): void
  /** Tries everything again, such as when the link is up or the user is signed in again. */
  flush(): void
  close(): void
}

/** The unconfirmed requests of one user in one workspace, over all tabs and reloads. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { userId, apis, storage, locks, clock = systemClock } = options
  const prefix = outboxPrefix(userId, apis.slug)
  const listeners = new Set<() => void>()
  /** Sessions whose records this tab sends right now. */
  const active = new Set<string>()
  /** Sessions that got something new while being sent. */
  const again = new Set<string>()
  const attempts = new Map<string, number>()
  const retries = new Map<string, () => void>()
  /** Records that did not fit into storage. */
  const unstored = new Map<string, OutboxRecord>()
  let records: readonly OutboxRecord[] = []
  let closed = false

  const read = () => {
    const found = new Map<string, OutboxRecord>(unstored)
    for (const key of storage.keys(prefix)) {
      const record = parseRecord(key, storage.get(key))
      if (record) found.set(key, record)
    }
    records = [...found.values()].sort((a, b) => (a.request.id < b.request.id ? -1 : 1)).sort(byCreation)
    for (const listener of listeners) listener()
  }
  const write = (record: OutboxRecord) => {
    const key = outboxKey(record)
    if (storage.set(key, JSON.stringify(record))) unstored.delete(key)
    else unstored.set(key, record)
    read()
  }
  const remove = (record: OutboxRecord) => {
    unstored.delete(outboxKey(record))
    storage.remove(outboxKey(record))
    attempts.delete(record.request.id)
    read()
  }
  /** What storage says now: another tab may have sent, changed or cancelled it. */
  const current = (record: OutboxRecord) =>
    parseRecord(outboxKey(record), storage.get(outboxKey(record))) ?? unstored.get(outboxKey(record)) ?? null

  const expire = (record: OutboxRecord): OutboxRecord | null => {
    const age = clock.now() - Date.parse(record.created_at)
    if (record.request.kind === 'abort' && age > ABORT_TTL_MS) {
      remove(record)
      return null
    }
    if (record.request.kind === 'prompt' && record.state === 'waiting' && age > PROMPT_HOLD_MS) {
      const held: OutboxRecord = { ...record, state: 'held' }
      write(held)
      return held
    }
    return record
  }

  async function sendOne(record: OutboxRecord): Promise<'next' | 'wait'> {
    const { request } = record
    try {
      await options.preflight?.()
    } catch (cause) {
      write({ ...record, error: shown(toClientError(cause)) })
      scheduleRetry(record.session_id, request.id)
      return 'wait'
    }
    // Another tab, or the reader, may have taken it back meanwhile.
    if (closed || current(record)?.state !== record.state) return 'next'
    const sending: OutboxRecord = { ...record, state: 'sending', error: null }
    write(sending)
    try {
      if (request.kind === 'create') {
        const session = await apis.sessions.create(request.body)
        options.onSession?.(session)
      } else {
        const command = await apis.commands.send(request)
        options.onCommand?.(command)
      }
      remove(sending)
      return 'next'
    } catch (cause) {
      const error = toClientError(cause)
      const state = stateAfter(error, record.state !== 'waiting')
      write({ ...sending, state, error: shown(error) })
      if (state === 'refused') return request.kind === 'create' ? 'wait' : 'next'
      scheduleRetry(record.session_id, request.id)
      return 'wait'
    }
  }

  function scheduleRetry(session: string, id: string): void {
    const attempt = attempts.get(id) ?? 0
    attempts.set(id, attempt + 1)
    retries.get(session)?.()
    const run = () => {
      retries.delete(session)
      drain(session)
    }
    retries.set(session, clock.after(RETRY_FIRST_MS / 2 + backoff(attempt, RETRY_FIRST_MS, RETRY_MAX_MS), run))
  }

  /** Sends a session's records one after the other: the session first, answers and stops before prompts. */
  async function sendAll(session: string): Promise<void> {
    const done = new Set<string>()
    while (!closed) {
      const waiting = records
        .filter((record) => record.session_id === session && !done.has(record.request.id))
        .sort((a, b) => rank(a) - rank(b))
      const first = waiting[0]
      if (!first) return
      done.add(first.request.id)
      const known = current(first)
      const record = known && expire(known)
      if (!record) continue
      if (record.state === 'held') continue
      if (record.state === 'refused') {
        // Without its session nothing else of it can be sent.
        if (record.request.kind === 'create') return
        continue
      }
      if ((await sendOne(record)) === 'wait') {
        // Prompts keep their order; an answer to a question must not hold up a stop.
        if (record.request.kind === 'create' || record.request.kind === 'prompt') return
      }
    }
  }

  function drain(session: string): void {
    if (closed) return
    if (active.has(session)) {
      again.add(session)
      return
    }
    active.add(session)
    void locks
      .tryRun(`${prefix}${session}`, async () => {
        read()
        await sendAll(session)
      })
      .catch(() => false)
      .then((ran) => {
        active.delete(session)
        if (closed) return
        if (!ran) scheduleRetry(session, session)
        else if (again.delete(session)) drain(session)
      })
  }

  const flush = () => {
    for (const cancel of retries.values()) cancel()
    retries.clear()
    for (const session of new Set(records.map((record) => record.session_id))) drain(session)
  }

  const stopChanges = storage.onChange(prefix, read)
  read()
  flush()

  return {
    records: () => records,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    add: (request) => {
      write({
        user_id: userId,
        workspace_slug: apis.slug,
        session_id: request.session_id,
        request,
        state: 'waiting',
        created_at: new Date(clock.now()).toISOString(),
        error: null,
      })
      drain(request.session_id)
    },
    cancel: (id) => {
      const record = records.find((other) => other.request.id === id)
      const now = record && current(record)
      if (!now) return true
      if (now.state === 'sending' || now.state === 'unconfirmed') return false
      remove(now)
      return true
    },
    sendNow: (id) => {
      const record = records.find((other) => other.request.id === id)
      const now = record && current(record)
      if (!now || (now.state !== 'held' && now.state !== 'refused')) return
      write({ ...now, state: 'waiting', error: null, created_at: new Date(clock.now()).toISOString() })
      drain(now.session_id)
    },
    flush,
    close: () => {
      closed = true
      stopChanges()
      for (const cancel of retries.values()) cancel()
      retries.clear()
      listeners.clear()
    },
  }
}

/**
 * What is known about a request after an error. Only an answer that proves it may say that nothing was delivered, and
 * it says so about one try: an earlier try without an answer may still have arrived.
 */
function stateAfter(error: PilotClientError, triedBefore: boolean): 'waiting' | 'unconfirmed' | 'refused' {
  if (NOT_DELIVERED.has(error.code)) return triedBefore ? 'unconfirmed' : 'waiting'
  return error.retryable ? 'unconfirmed' : 'refused'
}

function shown(error: PilotClientError): OutboxRecord['error'] {
  return { code: error.code, message: error.message, retryable: error.retryable }
}

function rank(record: OutboxRecord): number {
  return record.request.kind === 'create' ? 0 : record.request.kind === 'prompt' ? 2 : 1
}

function byCreation(a: OutboxRecord, b: OutboxRecord): number {
  return a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0
}

/** The records of one session. */
export function recordsOf(records: readonly OutboxRecord[], session: SessionId): OutboxRecord[] {
  return records.filter((record) => record.session_id === session)
}
