import type { Id } from '@pilot/domain/ids'
import { createOutbox, type Outbox } from '@pilot/frontend/commands/outbox'
import { browserLocks, browserStorage } from '@pilot/frontend/commands/ports'
import { browserLink, socketUrl } from '@pilot/frontend/link/browser-link'
import { pageState } from '@pilot/frontend/link/page-state'
import { createWorkspaceLink, type WorkspaceLink } from '@pilot/frontend/link/workspace-link'
import { createRuntimeAPIs, workspacePath } from '@pilot/frontend/runtime/create-runtime-apis'
import type { RuntimeAPIs, SessionId } from '@pilot/frontend/runtime/runtime-apis'
import { createSessionStore, type SessionStore } from '@pilot/frontend/session/session-store'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import { http } from '../lib/gateway.ts'
import { type TerminalStates, terminalStates } from '../terminal/terminal-states.ts'

/** What is not looked at any more stays this long, in ms: going back shows it at once. */
const KEEP_MS = 30_000
/** Summaries reach the screen at most this often, in ms. */
const SUMMARY_MS = 100

/** Everything that this tab holds of one workspace for one user: calls, link, outbox and opened sessions. */
export interface WorkspaceClient {
  readonly slug: string
  readonly apis: RuntimeAPIs
  readonly link: WorkspaceLink
  readonly outbox: Outbox
  /** The session's store, opened when it is not. It closes some time after nobody holds it. */
  session(id: SessionId): SessionStore
  /** Says that a session is on screen; the returned function says that it is not any more. */
  hold(id: SessionId): () => void
  /** What the machine said of its sessions since the page was loaded. */
  summaries: { get(): ReadonlyMap<string, AgentSummary>; subscribe(listener: () => void): () => void }
  terminalStates: TerminalStates
}

interface Held<T> {
  value: T
  holders: number
  cancel: (() => void) | null
}

/** Things by key that close some time after nobody holds them. */
function keeper<T>(close: (value: T) => void) {
  const held = new Map<string, Held<T>>()
  const closeLater = (key: string, entry: Held<T>) => {
    const timer = setTimeout(() => {
      if (entry.holders > 0) return
      held.delete(key)
      close(entry.value)
    }, KEEP_MS)
    entry.cancel = () => clearTimeout(timer)
  }
  return {
    get(key: string, open: () => T): T {
      const known = held.get(key)
      if (known) return known.value
      const entry: Held<T> = { value: open(), holders: 0, cancel: null }
      held.set(key, entry)
      closeLater(key, entry)
      return entry.value
    },
    peek: (key: string): T | null => held.get(key)?.value ?? null,
    hold(key: string): () => void {
      const entry = held.get(key)
      if (!entry) return () => undefined
      entry.holders++
      entry.cancel?.()
      entry.cancel = null
      return () => {
        entry.holders--
        if (entry.holders === 0) closeLater(key, entry)
      }
    },
    closeAll() {
      for (const entry of held.values()) {
        entry.cancel?.()
        close(entry.value)
      }
      held.clear()
    },
  }
}

const clients = keeper<WorkspaceClient & { close(): void }>((client) => client.close())
const keyOf = (userId: string, slug: string) => `${userId}/${slug}`

/** The client of a workspace, opened when it is not. */
export function workspaceClient(userId: Id<'user'>, slug: string): WorkspaceClient {
  return clients.get(keyOf(userId, slug), () => open(userId, slug))
}

/** Says that a workspace is on screen; the returned function says that it is not any more. */
export function holdWorkspace(userId: Id<'user'>, slug: string): () => void {
  return clients.hold(keyOf(userId, slug))
}

function open(userId: Id<'user'>, slug: string): WorkspaceClient & { close(): void } {
  const apis = createRuntimeAPIs(slug, http)
  const link = createWorkspaceLink({
    open: browserLink({ url: socketUrl(location, `${http.baseUrl}${workspacePath(slug)}/ws`) }),
    page: pageState(document, window),
  })
  const sessions = keeper<SessionStore>((store) => store.close())
  const session = (id: SessionId) =>
    sessions.get(id, () => createSessionStore({ session: id, sessions: apis.sessions, feed: link }))
  const outbox = createOutbox({
    userId,
    apis,
    storage: browserStorage(() => localStorage, window),
    locks: browserLocks(navigator.locks),
    preflight: async () => {
      if (link.getState().status !== 'live') await apis.health()
    },
    onCommand: (command) => sessions.peek(command.session_id)?.noteCommand(command),
    onSession: (made) => session(made.id).noteSession(made),
  })
  const summaries = summaryMap(link)
  const terminals = terminalStates(link)
  const stopUp = link.onUp(() => outbox.flush())
  return {
    slug,
    apis,
    link,
    outbox,
    session,
    hold: (id) => sessions.hold(id),
    summaries,
    terminalStates: terminals,
    close: () => {
      stopUp()
      summaries.stop()
      terminals.stop()
      sessions.closeAll()
      outbox.close()
      link.close()
    },
  }
}

function summaryMap(link: WorkspaceLink) {
  const listeners = new Set<() => void>()
  const collected = new Map<string, AgentSummary>()
  let shown: ReadonlyMap<string, AgentSummary> = new Map()
  let timer: ReturnType<typeof setTimeout> | null = null
  const stopLink = link.onSummary((summary) => {
    const known = collected.get(summary.agent_session_id)
    if (known && known.epoch === summary.epoch && known.seq > summary.seq) return
    collected.set(summary.agent_session_id, summary)
    timer ??= setTimeout(() => {
      timer = null
      shown = new Map(collected)
      for (const listener of listeners) listener()
    }, SUMMARY_MS)
  })
  return {
    get: () => shown,
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: () => {
      stopLink()
      if (timer) clearTimeout(timer)
    },
  }
}
