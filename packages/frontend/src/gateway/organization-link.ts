import type { Clock } from '@pilot/protocol/link/clock'
import { Link } from '@pilot/protocol/link/link'
import { type LinkSocketFactory, webSocketFactory } from '@pilot/protocol/link/socket'
import { PING, PONG } from '@pilot/protocol/messages/ping'
import { type OrganizationDownMessage, OrganizationDownMessageSchema } from '@pilot/protocol/viewer'

/** What a page shows of a link. */
export interface LiveState {
  state: 'live' | 'connecting' | 'offline'
  /** Round trip of the last ping in ms; null before the first answer. */
  latency_ms: number | null
  since: Date | null
}

export interface OrganizationLinkOptions {
  connect: LinkSocketFactory
  clock: Clock
  random: () => number
  /** Called for each well-formed message; what is malformed is dropped. */
  onMessage: (message: OrganizationDownMessage) => void
  /** Called when a connection opened after another was lost: what came in between was missed. */
  onResume: () => void
}

/** Link O of one organization: what changed elsewhere, and how live this page is. */
export interface OrganizationLink {
  getState(): LiveState
  subscribe(listener: () => void): () => void
  /** Tries at once, e.g. when the page is looked at again. */
  wake(): void
  close(): void
}

/** Opens the link; it stays up by itself until `close`. */
export function openOrganizationLink(options: OrganizationLinkOptions): OrganizationLink {
  const listeners = new Set<() => void>()
  let state: LiveState = { state: 'connecting', latency_ms: null, since: null }
  const set = (next: LiveState) => {
    state = next
    for (const listener of listeners) listener()
  }
  const link = new Link({
    connect: timedFactory(options.connect, options.clock, (latency_ms) => set({ ...state, latency_ms })),
    clock: options.clock,
    random: options.random,
  })
  link.onMessage((data) => {
    const message = typeof data === 'string' ? parse(data) : null
    if (message) options.onMessage(message)
  })
  link.subscribe(({ status, since }) => {
    if (status === 'live') {
      set({ state: 'live', latency_ms: null, since: null })
      link.send(PING)
      if (link.generation > 1) options.onResume()
      return
    }
    // The first attempt is "connecting"; after a loss it stays "offline", with its age, until a connection stands.
    const lostAt = state.since ?? (status === 'offline' ? new Date(since) : null)
    set({ state: lostAt ? 'offline' : 'connecting', latency_ms: null, since: lostAt })
  })
  link.connect()
  return {
    getState: () => state,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    wake: () => {
      if (!link.send(PING)) link.connect()
    },
    close: () => link.close(),
  }
}

/** The socket of a browser for an organization; `baseUrl` is empty or such as `/pilot`. */
export function organizationSocket(baseUrl: string, organizationId: string): LinkSocketFactory {
  return webSocketFactory(() => {
    const url = new URL(`${baseUrl}/api/ws/${organizationId}`, window.location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    return new WebSocket(url)
  })
}

/** Measures the time from each ping to its pong; the link itself only counts them. */
function timedFactory(connect: LinkSocketFactory, clock: Clock, onLatency: (ms: number) => void): LinkSocketFactory {
  return (handlers) => {
    let pingedAt: number | null = null
    const socket = connect({
      ...handlers,
      message: (data) => {
        if (data === PONG && pingedAt !== null) {
          onLatency(clock.now() - pingedAt)
          pingedAt = null
        }
        handlers.message(data)
      },
    })
    return {
      ...socket,
      send: (data) => {
        if (data === PING) pingedAt = clock.now()
        socket.send(data)
      },
    }
  }
}

function parse(data: string): OrganizationDownMessage | null {
  try {
    const parsed = OrganizationDownMessageSchema.safeParse(JSON.parse(data))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
