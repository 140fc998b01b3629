import { PilotError, toPilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import { CLOSE, replacedBy } from '@pilot/protocol/close-codes'
import { type DownMessage, DownMessageSchema, type RuntimeCommand, type RuntimeCommandType } from '@pilot/protocol/down'
import { createDecoder, encode, encodeError, type Outgoing, TEXT_LIMIT } from '@pilot/protocol/envelope'
import { decodeFrame } from '@pilot/protocol/frame'
import type { Clock } from '@pilot/protocol/link/clock'
import { Link, type LinkState } from '@pilot/protocol/link/link'
import type { LinkSocketFactory } from '@pilot/protocol/link/socket'
import type { InventoryChangedMessage } from '@pilot/protocol/messages/inventory-changed'
import type { RuntimeHealthMessage } from '@pilot/protocol/messages/runtime-health'
import type { RuntimeHelloMessage } from '@pilot/protocol/messages/runtime-hello'
import type { RuntimeWelcomeMessage } from '@pilot/protocol/messages/runtime-welcome'
import { type StreamMeta, StreamMux } from '@pilot/protocol/stream/mux'
import type { UpMessage } from '@pilot/protocol/up'
import { PROTOCOL_MIN_VERSION, PROTOCOL_VERSION } from '@pilot/protocol/version'
import type { TerminalService } from '../terminal/service.ts'
import type { AgentEventSource } from './agent-event-source.ts'
import { CommandResults } from './command-results.ts'
import { MAX_AHEAD_BYTES, SessionWatches } from './session-watches.ts'
import { TerminalWiring } from './terminal-wiring.ts'
import { type HeldWorkspace, WorkspaceFence } from './workspace-fence.ts'

const decode = createDecoder(DownMessageSchema, TEXT_LIMIT.runtime)
const HEALTH_EVERY_MS = 30_000
const PACE_POLL_MS = 5

/** Tells the other side that the command lives, which starts its time anew. */
export type Progress = (progress: { step: string; message: string; fraction?: number }) => void
export type CommandHandlers = {
  [T in RuntimeCommandType]?: (message: Extract<RuntimeCommand, { type: T }>, progress: Progress) => Promise<unknown>
}

export interface RuntimeLinkOptions {
  connect: LinkSocketFactory
  clock: Clock
  random: () => number
  identity: Pick<RuntimeHelloMessage, 'runtime_id' | 'boot_id' | 'version' | 'os' | 'arch'>
  /** Asked for every hello. */
  describe(): Pick<RuntimeHelloMessage, 'system' | 'capabilities'>
  /** Every workspace that has data here, with the highest generation it was served at. Kept across restarts. */
  held(): HeldWorkspace[]
  /**
   * Called with every welcome. Requests wait until it is done. `conflicts` are not served: their generation in the
   * welcome is below the held one.
   */
  onWelcome(welcome: RuntimeWelcomeMessage, conflicts: Id<'workspace'>[]): Promise<void>
  /** Answers a request whose generation was checked. A PilotError becomes the error answer. */
  handler(request: Request, context: StreamMeta): Promise<Response>
  commands: CommandHandlers
  events: AgentEventSource
  /** Left out on a machine without terminals. */
  terminals?: TerminalService
  /** Asked every 30 s while connected. */
  health(): Promise<
    Pick<RuntimeHealthMessage, 'cpu' | 'memory_used' | 'memory_total' | 'disk_used' | 'disk_total' | 'uptime_s'>
  >
  healthEveryMs?: number
  /** Planned reconnects, about this often, only while no request is open. */
  replaceEveryMs?: number
  log(message: string, fields: Record<string, unknown>): void
}

/**
 * The runtime's side of link R: one logical connection to the control plane.
 *
 *   open ▶ runtime.hello ▶ (runtime.welcome) ▶ summaries, then streams, watches and commands
 *   runtime.resync: the hub lost its memory; hello again, nothing else changes
 */
export class RuntimeLink {
  readonly #options: RuntimeLinkOptions
  readonly #link: Link
  readonly #fence = new WorkspaceFence()
  readonly #results: CommandResults<string>
  readonly #watches: SessionWatches
  readonly #terminals: TerminalWiring
  #mux: StreamMux
  readonly #firstWelcome = Promise.withResolvers<void>()
  /** Welcomes are applied one after the other; this ends with the newest. Never rejects. */
  #applied: Promise<void> = Promise.resolve()
  #ready = false
  #unsubscribe: () => void = () => undefined
  #cancelHealth: () => void = () => undefined

  constructor(options: RuntimeLinkOptions) {
    this.#options = options
    const { clock, random, connect, events, replaceEveryMs } = options
    this.#results = new CommandResults(clock)
    this.#link = new Link({
      connect,
      clock,
      random,
      replaceEveryMs,
      mayReplace: () => this.#mux.size === 0,
      mayReconnect: (code, reason) => code !== CLOSE.replaced || replacedBy(reason) === options.identity.boot_id,
    })
    this.#watches = new SessionWatches({
      events,
      clock,
      send: (text) => {
        this.#link.send(text)
      },
      bufferedAmount: () => this.#link.bufferedAmount(),
    })
    this.#terminals = new TerminalWiring({
      service: options.terminals ?? null,
      clock,
      fence: (workspaceId, generation) => this.#fence.check(workspaceId, generation),
      applied: () => this.#welcomeApplied(),
      bufferedAmount: () => this.#link.bufferedAmount(),
      text: (text) => void this.#link.send(text),
      frame: (bytes) => void this.#link.send(bytes),
      log: options.log,
    })
    this.#mux = this.#newMux()
    this.#link.subscribe((state) => this.#onState(state))
    this.#link.onMessage((data) => this.#receive(data))
  }

  /** `retry_in_ms` null while offline says that it will not come back by itself: see `close_code`. */
  get state(): LinkState {
    return this.#link.state
  }

  /** True once the control plane has welcomed this connection. */
  get ready(): boolean {
    return this.#ready
  }

  /** Requests that are being answered, sessions that are watched, terminals of this connection. */
  get stats() {
    return { streams: this.#mux.size, watched: this.#watches.size, terminals: this.#terminals.stats }
  }

  subscribe(listener: (state: LinkState) => void): () => void {
    return this.#link.subscribe(listener)
  }

  /** Starts dialling. */
  start(): void {
    this.#unsubscribe()
    const endEvents = this.#options.events.subscribe((item) => {
      if (this.#ready) this.#watches.onItem(item)
    })
    const endTerminals = this.#terminals.start()
    this.#unsubscribe = () => {
      endEvents()
      endTerminals()
    }
    this.#link.connect()
  }

  /** Closes the link for good; every open request is aborted. */
  stop(): void {
    this.#unsubscribe()
    this.#link.close(1000, 'runtime stops')
  }

  /** Tells the control plane that lists of this machine changed. Without effect while offline. */
  inventoryChanged(kinds: InventoryChangedMessage['kinds']): void {
    this.#send({ type: 'inventory.changed', kinds })
  }

  #onState({ status }: LinkState): void {
    if (status === 'live') this.#hello()
    else this.#leave()
  }

  #hello(): void {
    this.#leave()
    const { identity, describe, held } = this.#options
    this.#mux = this.#newMux()
    this.#link.send(
      encode({
        type: 'runtime.hello',
        ...identity,
        ...describe(),
        protocol: { min: PROTOCOL_MIN_VERSION, max: PROTOCOL_VERSION },
        workspaces: held(),
        terminals: this.#terminals.hello(),
      }),
    )
  }

  /** Settles everything that belongs to the connection. */
  #leave(): void {
    this.#ready = false
    this.#cancelHealth()
    this.#mux.close()
    this.#watches.clear()
    this.#terminals.reset()
  }

  #receive(data: string | Uint8Array): void {
    if (typeof data !== 'string') {
      const decoded = decodeFrame(data)
      if ('frame' in decoded) {
        if (!this.#terminals.frame(decoded.frame)) this.#mux.receiveFrame(decoded.frame)
      } else if (decoded.problem !== 'unknown_kind') this.#link.restart(CLOSE.policy, decoded.problem)
      return
    }
    const decoded = decode(data)
    if (decoded.ok) this.#dispatch(decoded.message)
    else if (decoded.fatal) this.#link.restart(CLOSE.policy, 'message too large')
    else this.#link.send(decoded.reply)
  }

  #dispatch(message: DownMessage): void {
    switch (message.type) {
      case 'runtime.welcome':
        this.#welcome(message)
        break
      case 'runtime.resync':
        this.#hello()
        break
      case 'stream.open':
      case 'stream.head':
      case 'stream.credit':
      case 'stream.end':
      case 'stream.reset':
        this.#mux.receive(message)
        break
      case 'agent.watch':
        this.#watch(message)
        break
      case 'agent.unwatch':
        this.#watches.unwatch(message.agent_session_id)
        break
      case 'terminal.attach':
      case 'terminal.detach':
      case 'terminal.resize':
      case 'terminal.ack':
        this.#terminals.receive(message)
        break
      case 'probe': {
        const data = { nonce: message.nonce, runtime_time: new Date(this.#options.clock.now()).toISOString() }
        this.#send({ type: 'ack', request_id: message.request_id, ok: true, data })
        break
      }
      case 'ack':
        break
      case 'error':
        if (message.code === 'UNSUPPORTED_MESSAGE') this.#terminals.unsupported()
        this.#options.log('the control plane refused a message', { code: message.code, reason: message.message })
        break
      default:
        void this.#command(message)
    }
  }

  #welcome(welcome: RuntimeWelcomeMessage): void {
    const { onWelcome, held, events, log } = this.#options
    const conflicts = this.#fence.apply(welcome.workspaces, held())
    this.#mux.limitFrames(welcome.limits.max_frame)
    this.#terminals.limitFrames(welcome.limits.max_frame)
    if (!this.#ready) {
      this.#ready = true
      this.#scheduleHealth(0)
      for (const summary of events.summaries()) this.#watches.sendSummary(summary)
    }
    this.#applied = this.#applied
      .then(() => onWelcome(welcome, conflicts))
      .catch((cause: unknown) => log('a welcome could not be applied', { code: toPilotError(cause).code }))
      .then(() => this.#firstWelcome.resolve())
  }

  #watch(message: Extract<DownMessage, { type: 'agent.watch' }>): void {
    try {
      this.#fence.check(message.workspace_id, message.generation)
      this.#watches.watch(message)
    } catch (cause) {
      this.#link.send(encodeError(toPilotError(cause), message.request_id))
    }
  }

  async #command(message: RuntimeCommand): Promise<void> {
    const { request_id } = message
    const reply = await this.#results.run(request_id, async () => {
      try {
        const data = await this.#runCommand(message)
        return encode({ type: 'ack', request_id, ok: true, data })
      } catch (cause) {
        return encodeError(toPilotError(cause), request_id)
      }
    })
    this.#link.send(reply)
  }

  async #runCommand(message: RuntimeCommand): Promise<unknown> {
    // The table pairs every type with a handler of that very type; the union of both cannot say so.
    const handler = this.#options.commands[message.type] as
      | ((message: RuntimeCommand, progress: Progress) => Promise<unknown>)
      | undefined
    if (!handler) throw new PilotError('CAPABILITY_UNSUPPORTED')
    const { request_id } = message
    if (!('workspace_id' in message)) return handler(message, () => undefined)
    const { workspace_id, generation } = message
    await this.#welcomeApplied()
    // A terminal runs only where the workspace is served already; an assignment may be ahead of its welcome.
    if (message.type.startsWith('terminal.')) this.#fence.check(workspace_id, generation)
    else this.#fence.checkCommand(workspace_id, generation)
    return handler(message, (progress) =>
      this.#send({ type: 'workspace.progress', request_id, workspace_id, ...progress }),
    )
  }

  async #welcomeApplied(): Promise<void> {
    await this.#firstWelcome.promise
    await this.#applied
  }

  async #serve(request: Request, meta: StreamMeta): Promise<Response> {
    await this.#welcomeApplied()
    if (request.signal.aborted) throw new PilotError('CANCELLED')
    this.#fence.check(meta.workspace_id, meta.generation)
    return this.#options.handler(request, meta)
  }

  #scheduleHealth(ms: number): void {
    this.#cancelHealth()
    this.#cancelHealth = this.#options.clock.after(ms, () => {
      // `#reportHealth` handles its own failures.
      void this.#reportHealth()
      this.#scheduleHealth(this.#options.healthEveryMs ?? HEALTH_EVERY_MS)
    })
  }

  async #reportHealth(): Promise<void> {
    try {
      const report = await this.#options.health()
      if (this.#ready) this.#send({ type: 'runtime.health', ...report })
    } catch (cause) {
      this.#options.log('health could not be read', { code: toPilotError(cause).code })
    }
  }

  #newMux(): StreamMux {
    return new StreamMux({
      parity: 'odd',
      clock: this.#options.clock,
      handler: (request, meta) => this.#serve(request, meta),
      pace: () => this.#pace(),
      sendMessage: (message) => this.#send(message),
      sendFrame: (bytes) => {
        this.#link.send(bytes)
      },
      sendCopies: true,
    })
  }

  #pace(): Promise<void> | undefined {
    if (this.#link.bufferedAmount() < MAX_AHEAD_BYTES) return undefined
    return new Promise((resolve) => {
      const look = () => {
        if (this.#link.bufferedAmount() < MAX_AHEAD_BYTES) resolve()
        else this.#options.clock.after(PACE_POLL_MS, look)
      }
      look()
    })
  }

  #send(message: Outgoing<UpMessage>): void {
    this.#link.send(encode(message))
  }
}
