import { PilotError } from '@pilot/domain/errors'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import { CLOSE } from '@pilot/protocol/close-codes'
import type { DownMessage } from '@pilot/protocol/down'
import { createDecoder, encode, type Outgoing, TEXT_LIMIT } from '@pilot/protocol/envelope'
import { decodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import type { Clock } from '@pilot/protocol/link/clock'
import type { HealthReport } from '@pilot/protocol/messages/runtime-health'
import type { RuntimeHelloMessage } from '@pilot/protocol/messages/runtime-hello'
import type { RuntimeTerminalStateMessage } from '@pilot/protocol/messages/terminal-state'
import { StreamMux } from '@pilot/protocol/stream/mux'
import { type UpMessage, UpMessageSchema } from '@pilot/protocol/up'
import { MIN_RUNTIME_VERSION, PROTOCOL_MIN_VERSION, PROTOCOL_VERSION } from '@pilot/protocol/version'
import { READY_WAIT_MS } from './limits.ts'
import { PendingReplies } from './pending.ts'
import type { Welcome } from './port.ts'
import type { HubSocket, RuntimeAttachment } from './socket.ts'
import type { Terminals } from './terminals.ts'
import type { AgentWatches } from './watches.ts'

const decode = createDecoder(UpMessageSchema, TEXT_LIMIT.runtime)

export interface LinkEvents {
  /** The runtime broke a rule of the protocol: its link is to be closed with this code. */
  onBroken(link: RuntimeLink, code: number, reason: string): void
  onHello(link: RuntimeLink, hello: RuntimeHelloMessage): void
  onSummary(link: RuntimeLink, summary: AgentSummary): void
  onTerminalState(link: RuntimeLink, message: RuntimeTerminalStateMessage): void
  watches: AgentWatches
  terminals: Terminals
}

/** First protocol with terminals. */
const TERMINALS_SINCE = 2

/**
 * One accepted connection of a runtime, until it is closed or a later one replaces it.
 *
 *   accepted ──runtime.hello──▶ greeted ──runtime.welcome──▶ ready
 * Before `ready` nothing of the runtime but its hello is looked at, and nothing is sent to it.
 */
export class RuntimeLink {
  readonly socket: HubSocket
  readonly pending: PendingReplies
  mux: StreamMux
  health: HealthReport | null = null
  /** Welcomed workspaces and their generations. */
  workspaces: ReadonlyMap<string, number> = new Map()
  /** This machine has terminals: its release knows them and its system can make them. */
  terminals = false
  #ready = false
  #ended = false
  readonly #waiting = new Set<() => void>()
  #attachment: RuntimeAttachment
  readonly #clock: Clock
  readonly #maxFrame: number
  readonly #events: LinkEvents

  constructor(options: {
    socket: HubSocket
    attachment: RuntimeAttachment
    clock: Clock
    maxFrame: number
    events: LinkEvents
  }) {
    this.socket = options.socket
    this.#attachment = options.attachment
    this.#clock = options.clock
    this.#maxFrame = options.maxFrame
    this.#events = options.events
    this.pending = new PendingReplies(options.clock)
    this.mux = this.#newMux()
  }

  get attachment(): RuntimeAttachment {
    return this.#attachment
  }

  /** Welcomed: messages and streams may go. */
  get ready(): boolean {
    return this.#ready
  }

  /** Resolves once it is welcomed. Throws RUNTIME_OFFLINE when it ends before, or after `READY_WAIT_MS`. */
  async whenReady(): Promise<void> {
    if (this.#ready) return
    if (!this.#ended) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const cancel = this.#clock.after(READY_WAIT_MS, resolve)
      this.#waiting.add(resolve)
      await promise
      this.#waiting.delete(resolve)
      cancel()
    }
    if (!this.#ready) throw new PilotError('RUNTIME_OFFLINE')
  }

  /** Last sign of life, ms since the epoch. */
  get lastSeenAt(): number {
    return Math.max(this.#attachment.last_seen_at, this.socket.lastAutoResponse() ?? 0)
  }

  /** The runtime gave a sign of life. */
  seen(): void {
    this.#attachment.last_seen_at = this.#clock.now()
  }

  /** Stores what changed beside the socket. */
  save(change: Partial<RuntimeAttachment> = {}): void {
    this.#attachment = { ...this.#attachment, ...change, last_seen_at: this.lastSeenAt }
    this.socket.setAttachment(this.#attachment)
  }

  /** To the runtime; false before `ready`. */
  send(message: Outgoing<DownMessage>): boolean {
    return this.#ready && this.socket.send(encode(message))
  }

  /** One frame as it is; false before `ready`. */
  sendFrame(bytes: Uint8Array<ArrayBuffer>): boolean {
    return this.#ready && this.socket.send(bytes)
  }

  /** Forgets streams and replies of before a new hello on the same connection. */
  reset(): void {
    this.#ready = false
    this.mux.close()
    this.pending.rejectAll('RUNTIME_OFFLINE')
    this.mux = this.#newMux()
  }

  welcome(welcome: Welcome): void {
    this.workspaces = new Map(welcome.workspaces.map(({ workspace_id, generation }) => [workspace_id, generation]))
    const message: Outgoing<DownMessage> = {
      type: 'runtime.welcome',
      server_time: new Date(this.#clock.now()).toISOString(),
      min_version: MIN_RUNTIME_VERSION,
      limits: { max_frame: this.#maxFrame, max_message: TEXT_LIMIT.runtime, max_streams: 256 },
      workspaces: welcome.workspaces,
      model: welcome.model,
    }
    this.socket.send(encode(message))
    this.#ready = true
    for (const resolve of this.#waiting) resolve()
  }

  /** The connection is over. */
  end(): void {
    this.#ready = false
    this.#ended = true
    this.mux.close()
    this.pending.rejectAll('RUNTIME_OFFLINE')
    for (const resolve of this.#waiting) resolve()
  }

  receive(data: string | Uint8Array<ArrayBuffer>): void {
    this.seen()
    if (typeof data === 'string') this.#receiveText(data)
    else this.#receiveFrame(data)
  }

  #receiveFrame(bytes: Uint8Array<ArrayBuffer>): void {
    const decoded = decodeFrame(bytes)
    if ('problem' in decoded) {
      // A kind of a later protocol is left alone, so that a newer machine can offer it.
      if (decoded.problem !== 'unknown_kind') this.#events.onBroken(this, CLOSE.policy, decoded.problem)
      return
    }
    if (!this.#ready) return
    const { frame } = decoded
    const { terminals } = this.#events
    switch (frame.kind) {
      case FRAME_KIND.terminal_output:
        terminals.onOutput(bytes, frame)
        break
      case FRAME_KIND.transfer_data:
        terminals.onTransfer(bytes, frame)
        break
      case FRAME_KIND.stream_data:
        this.mux.receiveFrame(frame)
        break
      case FRAME_KIND.terminal_input:
        // Goes the other way only.
        break
    }
  }

  #receiveText(text: string): void {
    const decoded = decode(text)
    if (!decoded.ok) {
      if (decoded.fatal) this.#events.onBroken(this, CLOSE.policy, 'message too large')
      else if (this.#ready) this.socket.send(decoded.reply)
      return
    }
    const { message } = decoded
    if (message.type === 'runtime.hello') this.#hello(message)
    else if (this.#ready) this.#dispatch(message)
  }

  #hello(hello: RuntimeHelloMessage): void {
    if (hello.runtime_id !== this.#attachment.runtime_id) {
      this.#events.onBroken(this, CLOSE.policy, 'hello of another runtime')
      return
    }
    if (hello.protocol.max < PROTOCOL_MIN_VERSION || hello.protocol.min > PROTOCOL_VERSION) {
      this.#events.onBroken(
        this,
        CLOSE.upgrade_required,
        `protocol ${PROTOCOL_MIN_VERSION} to ${PROTOCOL_VERSION} is spoken here`,
      )
      return
    }
    this.terminals = hello.protocol.max >= TERMINALS_SINCE && hello.capabilities.terminal === true
    this.#events.onHello(this, hello)
  }

  #dispatch(message: Exclude<UpMessage, { type: 'runtime.hello' }>): void {
    const { watches, terminals } = this.#events
    switch (message.type) {
      case 'runtime.health': {
        const { cpu, memory_used, memory_total, disk_used, disk_total } = message
        this.health = { cpu, memory_used, memory_total, disk_used, disk_total }
        break
      }
      case 'workspace.progress':
        this.pending.progress(message.request_id)
        break
      case 'stream.open':
      case 'stream.head':
      case 'stream.credit':
      case 'stream.end':
      case 'stream.reset':
        this.mux.receive(message)
        break
      case 'agent.watched':
        if (this.workspaces.has(message.workspace_id)) watches.onWatched(message)
        break
      case 'agent.event':
        if (this.workspaces.has(message.workspace_id)) watches.onEvent(message)
        break
      case 'agent.summary':
        if (this.workspaces.has(message.summary.workspace_id)) this.#events.onSummary(this, message.summary)
        break
      case 'inventory.changed':
        // Nothing in the control plane keeps these lists yet; screens read them from the machine.
        break
      case 'terminal.attached':
        terminals.onAttached(message)
        break
      case 'terminal.transfer_end':
        terminals.onTransferEnd(message)
        break
      case 'terminal.size':
        terminals.onSize(message)
        break
      case 'terminal.input_ack':
        terminals.onInputAck(message)
        break
      case 'terminal.state':
        if (this.workspaces.has(message.workspace_id)) this.#events.onTerminalState(this, message)
        break
      case 'ack':
        this.pending.resolve(message.request_id, message.data)
        break
      case 'error': {
        if (message.request_id === undefined) break
        const error = new PilotError(message.code, message.message)
        const { request_id } = message
        if (this.pending.reject(request_id, error) || terminals.onError(request_id, error)) break
        watches.onError(request_id, error)
        break
      }
    }
  }

  #newMux(): StreamMux {
    return new StreamMux({
      parity: 'even',
      clock: this.#clock,
      maxFrame: this.#maxFrame,
      sendMessage: (message) => {
        this.send(message)
      },
      sendFrame: (bytes) => {
        if (this.#ready) this.socket.send(bytes)
      },
    })
  }
}
