import type { TerminalId } from '@pilot/domain/entities/terminal'
import { newId } from '@pilot/domain/ids'
import { browserLink } from '@pilot/frontend/link/browser-link'
import type { ConnectionState } from '@pilot/frontend/link/connection-state'
import { createWorkspaceLink, type WorkspaceLink } from '@pilot/frontend/link/workspace-link'
import type { TerminalClient, TerminalScreen } from '@pilot/frontend/terminal/port'
import { createTerminals, type Terminals } from '@pilot/frontend/terminal/terminals'
import { writerIds } from '@pilot/frontend/terminal/writer-ids'
import { webSocketFactory } from '@pilot/protocol/link/socket'
import { until } from './pilot.ts'

interface SocketOptions {
  headers: Record<string, string>
}
/** Node's own client takes headers, which the browser's type does not know. */
const NodeWebSocket = WebSocket as unknown as new (url: string, options: SocketOptions) => WebSocket

interface TabOptions {
  /** `ws:` address of link W, possibly through a relay. */
  url: string
  origin: string
  cookie: string
}

/** A tab without a page: the application's own link code over Node's WebSocket. */
export class NodeTab {
  readonly link: WorkspaceLink
  readonly terminals: Terminals
  /** Every state of the connection since the beginning, with the time (performance.now) at which it began. */
  readonly states: { at: number; state: ConnectionState }[] = []
  /** Sockets that were opened. */
  sockets = 0
  #visible = true
  #onVisible: () => void = () => undefined

  constructor({ url, origin, cookie }: TabOptions) {
    const connect = webSocketFactory(() => {
      this.sockets += 1
      return new NodeWebSocket(url, { headers: { origin, cookie } })
    })
    this.link = createWorkspaceLink({
      open: browserLink({ url, connect }),
      page: {
        visible: () => this.#visible,
        online: () => true,
        onChange: (listener) => {
          this.#onVisible = listener
          return () => {
            this.#onVisible = () => undefined
          }
        },
      },
    })
    const stored = new Map<string, string>()
    const storage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
      removeItem: (key: string) => void stored.delete(key),
    }
    this.terminals = createTerminals({
      feed: this.link.terminals,
      userId: newId('user'),
      writers: writerIds(() => storage),
    })
    this.#note()
    this.link.subscribe(() => this.#note())
  }

  get state(): ConnectionState {
    return this.link.getState()
  }

  setVisible(visible: boolean): void {
    this.#visible = visible
    this.#onVisible()
  }

  async live(timeoutMs = 60_000): Promise<void> {
    await until('the tab to be live', () => this.state.status === 'live', timeoutMs)
  }

  /** Milliseconds from `since` (performance.now) to the first state after it that fits. */
  async when(since: number, fits: (state: ConnectionState) => boolean, timeoutMs = 60_000): Promise<number> {
    const found = await until(
      'a state of the connection',
      () => this.states.find(({ at, state }) => at >= since && fits(state)),
      timeoutMs,
    )
    return found.at - since
  }

  /** The client of a terminal, attached with this screen, and visible. */
  attach(id: TerminalId, screen: TerminalScreen, size = { cols: 80, rows: 24 }): TerminalClient {
    const client = this.terminals.open(id)
    client.setVisible(true)
    client.setScreen(screen, size)
    return client
  }

  close(): void {
    this.terminals.close()
    this.link.close()
  }

  #note(): void {
    this.states.push({ at: performance.now(), state: this.link.getState() })
  }
}
