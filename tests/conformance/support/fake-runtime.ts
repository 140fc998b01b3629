import type { AgentEntry, AgentEventSource, AgentSourceItem } from '@pilot/backend/link/agent-event-source'
import { SessionWatches } from '@pilot/backend/link/session-watches'
import { type Id, newId } from '@pilot/domain/ids'
import { encode } from '@pilot/protocol/envelope'
import { decodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import { systemClock } from '@pilot/protocol/link/clock'
import type { RuntimeAgentWatchMessage } from '@pilot/protocol/messages/agent-watch'
import { type StreamMessage, StreamMux } from '@pilot/protocol/stream/mux'
import { until } from '../../support/pilot.ts'
import type { FakeTerminals } from './fake-terminals.ts'
import { TestSocket } from './socket.ts'

const EPOCH = 'e1'

/** A journal in memory: every event of a session since its beginning. */
class Journal implements AgentEventSource {
  readonly #sessions = new Map<string, { workspace_id: Id<'workspace'>; entries: AgentEntry[] }>()

  append(workspace_id: Id<'workspace'>, agent_session_id: Id<'agent_session'>): AgentSourceItem {
    const session = this.#sessions.get(agent_session_id) ?? { workspace_id, entries: [] }
    this.#sessions.set(agent_session_id, session)
    const seq = session.entries.length + 1
    const entry: AgentEntry = { seq, event: { type: 'message.removed', message_id: `m${seq}` } }
    session.entries.push(entry)
    return { kind: 'event', workspace_id, agent_session_id, epoch: EPOCH, ...entry }
  }

  head(id: Id<'agent_session'>) {
    const session = this.#sessions.get(id)
    return session ? { epoch: EPOCH, seq: session.entries.length, workspace_id: session.workspace_id } : null
  }

  read(id: Id<'agent_session'>, after: number, limit: number): AgentEntry[] {
    return this.#sessions.get(id)?.entries.slice(after, after + limit) ?? []
  }

  subscribe() {
    return () => undefined
  }

  summaries() {
    return []
  }
}

/** A machine's daemon reduced to its link: says hello, prepares workspaces, answers requests with what it was sent. */
export class FakeRuntime {
  readonly id: string
  readonly token: string
  readonly #url: string
  readonly bootId = newId('request')
  socket: TestSocket | null = null
  hellos = 0
  /** Streams of `GET /events` that are open, and how many were cut by the reader. */
  readonly events = new Set<ReadableStreamDefaultController<Uint8Array>>()
  cancelled = 0
  readonly #journal = new Journal()
  /** Set before it connects: this machine has terminals. Without them it is one of protocol 1. */
  terminals: FakeTerminals | null = null
  /** A hello as an earlier release sent it, said instead of its own. */
  recorded: object | null = null
  #mux: StreamMux | null = null
  #watches: SessionWatches | null = null

  constructor(url: string, identity: { runtime_id: string; runtime_token: string }) {
    this.#url = url
    this.id = identity.runtime_id
    this.token = identity.runtime_token
  }

  async connect(token = this.token): Promise<TestSocket> {
    const socket = await TestSocket.open(new URL(`rt/connect/${this.id}`, this.#url).href, {
      protocols: ['rt.1'],
      headers: { authorization: `Bearer ${token}`, 'x-pilot-boot-id': this.bootId },
    })
    this.socket = socket
    const mux = new StreamMux({
      parity: 'odd',
      clock: systemClock,
      sendMessage: (message) => socket.raw.send(encode(message)),
      sendFrame: (bytes) => socket.raw.send(bytes),
      handler: (request) => this.#answer(request),
    })
    this.#mux = mux
    this.#watches = new SessionWatches({
      events: this.#journal,
      clock: systemClock,
      send: (text) => socket.raw.send(text),
      bufferedAmount: () => 0,
    })
    socket.raw.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.#receive(socket, data)
      else {
        const decoded = decodeFrame(new Uint8Array(data))
        if (!('frame' in decoded)) return
        if (decoded.frame.kind === FRAME_KIND.terminal_input) this.terminals?.input(decoded.frame)
        else mux.receiveFrame(decoded.frame)
      }
    })
    socket.raw.addEventListener('close', () => mux.close())
    this.#hello(socket)
    await until('the welcome, or a refusal', () => {
      return socket.closed ?? socket.messages.some(({ type }) => type === 'runtime.welcome')
    })
    if (socket.closed) throw new Error(`refused with ${socket.closed.code}`)
    return socket
  }

  async disconnect(): Promise<void> {
    await this.socket?.close()
    this.#mux?.close()
    this.socket = null
  }

  #hello(socket: TestSocket): void {
    this.hellos += 1
    this.terminals?.connect(socket)
    if (this.recorded) {
      socket.send({ ...this.recorded, runtime_id: this.id })
      return
    }
    socket.send({
      type: 'runtime.hello',
      runtime_id: this.id,
      boot_id: this.bootId,
      version: '0.1.0',
      protocol: { min: 1, max: 1 },
      os: 'linux',
      arch: 'x64',
      system: { cpus: 2, ram: 8_000_000_000 },
      workspaces: [],
      ...(this.terminals ? { protocol: { min: 1, max: 2 }, terminals: this.terminals.list() } : {}),
      capabilities: { local: true, git: true, opencode: true, ...(this.terminals ? { terminal: true } : {}) },
    })
  }

  #receive(socket: TestSocket, text: string): void {
    if (text === 'ping') socket.raw.send('pong')
    if (!text.startsWith('{')) return
    const message: Record<string, unknown> = JSON.parse(text)
    const type = String(message.type)
    const { request_id } = message
    if (type === 'runtime.resync') {
      this.#watches?.clear()
      this.#hello(socket)
    } else if (type.startsWith('stream.')) this.#mux?.receive(message as unknown as StreamMessage)
    else if (type === 'workspace.prepare') {
      const { config } = message.workspace as { config: { directory?: string } }
      socket.send({ type: 'ack', request_id, ok: true, data: { root_path: config.directory ?? '/tmp' } })
    } else if (type === 'probe') {
      socket.send({ type: 'ack', request_id, ok: true, data: { nonce: message.nonce, runtime_time: 'now' } })
    } else if (type === 'agent.watch') this.#watches?.watch(message as unknown as RuntimeAgentWatchMessage)
    else if (type.startsWith('terminal.')) this.terminals?.receive(message)
    else if (type.startsWith('workspace.') || type.startsWith('runtime.')) {
      if (request_id) socket.send({ type: 'ack', request_id, ok: true })
    }
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    if (pathname === '/events') {
      let own: ReadableStreamDefaultController<Uint8Array>
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          own = controller
          this.events.add(controller)
        },
        cancel: () => {
          this.events.delete(own)
          this.cancelled += 1
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    }
    return Response.json(
      {
        method: request.method,
        path: pathname + search,
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
      },
      { status: pathname === '/status/418' ? 418 : 200, headers: { 'set-cookie': 'stolen=1', 'x-from': 'runtime' } },
    )
  }

  /** Commits the next event of a session, and sends it to whoever watches. */
  commit(workspaceId: Id<'workspace'>, sessionId: Id<'agent_session'>): void {
    this.#watches?.onItem(this.#journal.append(workspaceId, sessionId))
  }

  /** Sends one server-sent event to every reader. */
  emit(text: string): void {
    for (const controller of this.events) controller.enqueue(new TextEncoder().encode(`data: ${text}\n\n`))
  }

  untilWelcome(match: (workspaces: Record<string, unknown>[]) => boolean): Promise<unknown> {
    return until('a welcome with the workspace', () =>
      this.socket?.messages.some(
        ({ type, workspaces }) => type === 'runtime.welcome' && match(workspaces as Record<string, unknown>[]),
      ),
    )
  }
}
