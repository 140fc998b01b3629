import type { Clock } from '@pilot/protocol/link/clock'
import { Link } from '@pilot/protocol/link/link'
import { type LinkSocketFactory, webSocketFactory } from '@pilot/protocol/link/socket'
import { PING, PONG } from '@pilot/protocol/messages/ping'
import { type OrganizationDownMessage, OrganizationDownMessageSchema } from '@pilot/protocol/viewer'
import { followPage, type PageState } from '../link/page-state.ts'
import { createProber, FRESH_MS } from '../link/prober.ts'

/** What a page shows of a link; `live` only after an answer to a ping. */
export interface LiveState {
  state: 'live' | 'connecting' | 'offline'
  /** Round trip of the last ping in ms; null while it is not live. */
  latency_ms: number | null
  since: Date | null
}

export interface OrganizationLinkOptions {
  connect: LinkSocketFactory
  clock: Clock
  random: () => number
  page: PageState
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
  let answeredAt = 0
  const prober = createProber({
    clock: options.clock,
    page: options.page,
    send: () => link.send(PING),
    answered: (latency_ms) => {
      answeredAt = options.clock.now()
      set({ state: 'live', latency_ms, since: null })
    },
    silent: () => link.restart(1006, 'no answer'),
  })
  const link = new Link({
    connect: hearingPongs(options.connect, prober.answer),
    clock: options.clock,
    random: options.random,
  })
  link.onMessage((data) => {
    const message = typeof data === 'string' ? parse(data) : null
    if (message) options.onMessage(message)
  })
  link.subscribe(({ status }) => {
    if (status === 'live') {
      prober.askAnew()
      if (link.generation > 1) options.onResume()
      return
    }
    prober.drop()
    // The first attempt is "connecting"; after a loss it stays "offline", with its age, until there is an answer again.
    if (status === 'offline') offline()
  })
  const offline = () => {
    if (state.state !== 'offline') {
      set({ state: 'offline', latency_ms: null, since: new Date(options.clock.now()) })
    }
  }
  const wake = () => {
    // What was true before the page slept is not known to be true now.
    if (state.state === 'live' && options.clock.now() - answeredAt > FRESH_MS) {
      set({ state: 'connecting', latency_ms: null, since: null })
    }
    if (link.state.status === 'live') prober.ask()
    else link.connect()
  }
  const stopPage = followPage(options.page, {
    network: (online) => {
      if (!online && state.state === 'live') offline()
      // Only an answer to a question of after the change counts.
      prober.drop()
    },
    seen: wake,
  })
  link.connect()
  return {
    getState: () => state,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    wake,
    close: () => {
      stopPage()
      prober.drop()
      link.close()
    },
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

/** The link keeps pongs to itself; these are answers that somebody measures. */
function hearingPongs(connect: LinkSocketFactory, heard: () => void): LinkSocketFactory {
  return (handlers) =>
    connect({
      ...handlers,
      message: (data) => {
        if (data === PONG) heard()
        handlers.message(data)
      },
    })
}

function parse(data: string): OrganizationDownMessage | null {
  try {
    const parsed = OrganizationDownMessageSchema.safeParse(JSON.parse(data))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
