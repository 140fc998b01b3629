import { PilotError, toPilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import { CLOSE, replacedReason } from '@pilot/protocol/close-codes'
import { type RuntimeCommand, RuntimeCommandSchema } from '@pilot/protocol/down'
import { encode } from '@pilot/protocol/envelope'
import type { Clock } from '@pilot/protocol/link/clock'
import { SCHEMA_VERSION } from '@pilot/protocol/messages/base'
import { PING, PONG } from '@pilot/protocol/messages/ping'
import type { RuntimeHelloMessage } from '@pilot/protocol/messages/runtime-hello'
import type { RuntimeTerminalStateMessage } from '@pilot/protocol/messages/terminal-state'
import { withBeat } from './event-stream.ts'
import {
  COMMAND_TIMEOUT_MS,
  HELLO_TIMEOUT_MS,
  PRESENCE_EVERY_MS,
  REVALIDATE_EVERY_MS,
  STALE_AFTER_MS,
  WORKSPACE_COMMAND_TIMEOUT_MS,
} from './limits.ts'
import { RuntimeLink } from './link.ts'
import type {
  HubBackend,
  RuntimeIdentity,
  RuntimePresence,
  TerminalOutcome,
  TunnelTarget,
  ViewerIdentity,
} from './port.ts'
import { SESSION_END, type SessionEnd } from './session-end.ts'
import { type HubSocket, readAttachment } from './socket.ts'
import { TerminalReports } from './terminal-reports.ts'
import { Terminals } from './terminals.ts'
import { receiveFromViewer } from './viewer-messages.ts'
import { saveViewer, Viewers } from './viewers.ts'
import { AgentWatches, type SendDown } from './watches.ts'

/** What the shell gives a hub. */
export interface RuntimeHubPorts {
  clock: Clock
  backend: HubBackend
  /** Hands a summary to the organization's tabs. */
  publish(organizationId: Id<'organization'>, summary: AgentSummary): Promise<void>
  /** Calls `onAlarm` at that time (ms since the epoch), replacing the time set before. */
  setAlarm(at: number): void
  /** Largest payload of a data frame here. */
  maxFrame: number
  log(message: string, fields: Record<string, unknown>): void
}

/**
 * Everything that meets at one runtime: its link, the tabs of its workspaces, tunnelled requests and commands. It keeps
 * nothing that is worth saving but the attachments of its sockets, so that it can be thrown away and built again.
 */
export class RuntimeHub {
  readonly #runtimeId: Id<'runtime'>
  readonly #ports: RuntimeHubPorts
  readonly #viewers: Viewers
  readonly #watches: AgentWatches
  readonly #terminals: Terminals
  readonly #reports: TerminalReports
  #link: RuntimeLink | null = null
  #links = 0
  #helloTicket = 0
  #cancelHelloTimer: () => void = () => undefined
  #lastSeenAt: number | null = null
  #version: string | null = null
  #presenceDueAt = 0
  #revalidateDueAt = 0

  constructor(runtimeId: Id<'runtime'>, ports: RuntimeHubPorts) {
    this.#runtimeId = runtimeId
    this.#ports = ports
    this.#viewers = new Viewers(ports.clock)
    const send: SendDown = (message) => this.#link?.send(message) ?? false
    this.#watches = new AgentWatches(send)
    this.#terminals = new Terminals({
      clock: ports.clock,
      send,
      sendFrame: (bytes) => this.#link?.sendFrame(bytes) ?? false,
      onActive: (terminalId) => this.#reports.active(terminalId),
      onLost: ({ socket }) => this.#drop(socket, CLOSE.shutdown, 'too far behind'),
    })
    this.#reports = new TerminalReports({
      ...ports,
      runtimeId,
      onUnwanted: (terminals) => {
        for (const terminal of terminals) void this.#closeUnwanted(terminal)
      },
    })
  }

  /** Counters for logs and tests. */
  get stats(): { viewers: number; watched: number; streams: number; pending: number; terminals: number } {
    const { mux, pending } = this.#link ?? {}
    return {
      viewers: this.#viewers.size,
      watched: this.#watches.size,
      streams: mux?.size ?? 0,
      pending: pending?.size ?? 0,
      terminals: this.#terminals.stats.attachments,
    }
  }

  /** Takes an upgraded connection of the runtime itself. The later one wins; `bootId` tells the loser who it was. */
  acceptRuntime(socket: HubSocket, identity: RuntimeIdentity, bootId: string): void {
    const now = this.#ports.clock.now()
    const previous = this.#link
    this.#links += 1
    const attachment = {
      kind: 'runtime' as const,
      ...identity,
      link: this.#links,
      boot_id: null,
      version: null,
      connected_at: now,
      last_seen_at: now,
    }
    const link = this.#newLink(socket, attachment)
    link.save()
    if (previous) {
      this.#detach(previous)
      previous.socket.close(CLOSE.replaced, replacedReason(bootId))
    }
    this.#link = link
    this.#terminals.suspend(true)
    this.#cancelHelloTimer = this.#ports.clock.after(HELLO_TIMEOUT_MS, () =>
      this.#drop(socket, CLOSE.policy, 'no hello'),
    )
    this.#schedule()
  }

  /** Takes an upgraded connection of a tab. */
  acceptViewer(socket: HubSocket, identity: ViewerIdentity): void {
    const viewer = this.#viewers.add(socket, identity)
    if (!viewer) return
    saveViewer(viewer)
    socket.send(this.#stateText())
    this.#terminals.introduce(viewer)
    if (this.#viewers.size === 1) this.#revalidateDueAt = this.#ports.clock.now() + REVALIDATE_EVERY_MS
    this.#schedule()
  }

  /** Builds the tables again from the sockets that outlived a sleep, and asks the runtime for a new hello. */
  restore(sockets: HubSocket[]): void {
    const now = this.#ports.clock.now()
    for (const socket of sockets) {
      const attachment = readAttachment(socket)
      if (attachment?.kind === 'viewer' && attachment.runtime_id === this.#runtimeId) {
        const { kind: _kind, watches, ...identity } = attachment
        const viewer = this.#viewers.restore(socket, identity)
        this.#terminals.restored(viewer)
        for (const watch of watches) this.#watches.restore(viewer, watch.agent_session_id, watch.acked)
      } else if (attachment?.kind === 'runtime' && attachment.runtime_id === this.#runtimeId) {
        if (attachment.link < this.#links) {
          socket.close(CLOSE.replaced, replacedReason(''))
          continue
        }
        this.#link?.socket.close(CLOSE.replaced, replacedReason(attachment.boot_id ?? ''))
        this.#links = attachment.link
        this.#link = this.#newLink(socket, attachment)
        this.#version = attachment.version
      } else {
        socket.close(CLOSE.shutdown, 'unknown socket')
      }
    }
    this.#presenceDueAt = now + PRESENCE_EVERY_MS
    this.#revalidateDueAt = now + REVALIDATE_EVERY_MS
    if (this.#link) this.#terminals.suspend(true)
    this.#link?.socket.send(encode({ type: 'runtime.resync' }))
    this.#schedule()
  }

  /** Anything that a socket of this hub received. Never throws. */
  onMessage(socket: HubSocket, data: string | Uint8Array<ArrayBuffer>): void {
    if (data === PING) socket.send(PONG)
    if (this.#link?.socket === socket) {
      if (data === PING || data === PONG) this.#link.seen()
      else this.#link.receive(data)
      return
    }
    const viewer = this.#viewers.get(socket)
    // What is neither is a link that was replaced: its last words do not count.
    if (!viewer || data === PONG) return
    receiveFromViewer(viewer, data, {
      clock: this.#ports.clock,
      watches: this.#watches,
      terminals: this.#terminals,
      readyLink: () => this.#readyLink(),
      drop: (code, reason) => this.#drop(socket, code, reason),
    })
  }

  /** A socket of this hub is closed, by either side. */
  onClose(socket: HubSocket): void {
    const link = this.#link
    if (link?.socket === socket) {
      this.#lastSeenAt = this.#ports.clock.now()
      this.#link = null
      this.#detach(link)
      this.#viewers.broadcast(this.#stateText())
      this.#report({ online: false })
      return
    }
    const viewer = this.#viewers.remove(socket)
    if (!viewer) return
    this.#watches.removeViewer(viewer)
    this.#terminals.removeViewer(viewer)
  }

  /** See `HubPort.tunnel`. */
  async tunnel(request: Request, target: TunnelTarget): Promise<Response> {
    const link = await this.#readyLink()
    const { pathname, search } = new URL(request.url)
    const { workspace_id, generation, actor, request_id, session_id } = target
    const meta = { workspace_id, generation, actor, request_id, owner: session_id }
    const answer = await link.mux.open(request, pathname + search, meta)
    return withBeat(answer, this.#ports.clock)
  }

  /** See `HubPort.command`. A `request_id` in the message makes repeating it safe. */
  async command(message: { type: string } & Record<string, unknown>, timeoutMs?: number): Promise<unknown> {
    const link = await this.#readyLink()
    if (message.type.startsWith('terminal.') && !link.terminals) throw new PilotError('CAPABILITY_UNSUPPORTED')
    const limit =
      timeoutMs ?? (message.type.startsWith('workspace.') ? WORKSPACE_COMMAND_TIMEOUT_MS : COMMAND_TIMEOUT_MS)
    const requestId = typeof message.request_id === 'string' ? message.request_id : newId('request')
    const parsed = parseCommand({ ...message, request_id: requestId })
    return link.pending.track(limit, () => link.send(parsed), requestId)
  }

  presence(): RuntimePresence {
    const seen = this.#link?.lastSeenAt ?? this.#lastSeenAt
    return {
      // After a sleep the link is as good as it was: its new hello is on the way.
      online: (this.#link?.attachment.boot_id ?? null) !== null,
      last_seen_at: seen === null ? null : new Date(seen).toISOString(),
      version: this.#version,
      health: this.#link?.health ?? null,
    }
  }

  /** Closes the runtime's own connection; its tabs stay and see it offline. */
  disconnectRuntime(code: number, reason: string): void {
    if (this.#link) this.#drop(this.#link.socket, code, reason)
  }

  /** See `HubPort.disconnectSession`. */
  disconnectSession(sessionId: Id<'session'>, why: SessionEnd): void {
    const [code, reason] = SESSION_END[why]
    this.#dropViewers((identity) => identity.session_id === sessionId, code, reason)
    this.#link?.mux.cancelOf(sessionId)
  }

  /** Sends a new welcome to a live runtime. Tabs of workspaces that moved away are told to connect again. */
  async refreshWelcome(): Promise<void> {
    const link = this.#link
    if (link?.ready) await this.#welcome(link)
  }

  /** Closes everything: the shell stops. */
  close(): void {
    this.#dropViewers(() => true, CLOSE.shutdown, 'restart')
    this.disconnectRuntime(CLOSE.shutdown, 'restart')
  }

  /** The time asked for with `setAlarm` has come. */
  async onAlarm(): Promise<void> {
    const now = this.#ports.clock.now()
    const link = this.#link
    if (link && now - link.lastSeenAt >= STALE_AFTER_MS) {
      this.#drop(link.socket, CLOSE.shutdown, 'no sign of life')
    } else if (link?.ready && now >= this.#presenceDueAt) {
      link.save()
      this.#report({ online: true })
    }
    if (link?.ready) this.#reports.onAlarm()
    if (this.#viewers.size > 0 && now >= this.#revalidateDueAt) await this.#revalidate()
    this.#schedule()
  }

  #newLink(socket: HubSocket, attachment: RuntimeLink['attachment']): RuntimeLink {
    return new RuntimeLink({
      socket,
      attachment,
      clock: this.#ports.clock,
      maxFrame: this.#ports.maxFrame,
      events: {
        watches: this.#watches,
        terminals: this.#terminals,
        onTerminalState: (_link, message) => this.#onTerminalState(message),
        onBroken: (link, code, reason) => this.#drop(link.socket, code, reason),
        onHello: (link, hello) => {
          // `#greet` handles its own failures.
          void this.#greet(link, hello)
        },
        onSummary: (link, summary) => {
          void this.#onSummary(link, summary)
        },
      },
    })
  }

  async #readyLink(): Promise<RuntimeLink> {
    const link = this.#link
    if (!link) throw new PilotError('RUNTIME_OFFLINE')
    await link.whenReady()
    return link
  }

  /**
   * Closes a socket and forgets it at once: a peer that does not answer the close, or went without a word, keeps
   * nothing alive and is not listened to.
   */
  #drop(socket: HubSocket, code: number, reason: string): void {
    socket.close(code, reason)
    this.onClose(socket)
  }

  #dropViewers(test: (identity: ViewerIdentity) => boolean, code: number, reason: string): void {
    for (const { socket } of this.#viewers.where(test)) this.#drop(socket, code, reason)
  }

  /** Settles what hung on a link that no longer counts. */
  #detach(link: RuntimeLink): void {
    this.#cancelHelloTimer()
    link.end()
    this.#watches.suspend()
    this.#terminals.suspend(false)
    this.#reports.suspend()
  }

  async #greet(link: RuntimeLink, hello: RuntimeHelloMessage): Promise<void> {
    this.#cancelHelloTimer()
    link.reset()
    this.#watches.suspend()
    this.#terminals.suspend(true)
    const isNew = link.attachment.boot_id === null
    const known = link.attachment.boot_id === hello.boot_id && link.attachment.version === hello.version
    link.save({ boot_id: hello.boot_id, version: hello.version })
    this.#version = hello.version
    try {
      if (!known) {
        const { version, os, arch, boot_id, capabilities, system } = hello
        const at = new Date(this.#ports.clock.now())
        this.#presenceDueAt = at.getTime() + PRESENCE_EVERY_MS
        await this.#ports.backend.onPresence(this.#runtimeId, {
          online: true,
          at,
          hello: { version, os, arch, boot_id, capabilities, system },
        })
      }
      if (!(await this.#welcome(link))) return
    } catch (cause) {
      this.#ports.log('runtime could not be welcomed', { runtime: this.#runtimeId, code: toPilotError(cause).code })
      // It dials again and gets another try.
      this.#drop(link.socket, CLOSE.shutdown, 'welcome failed')
      return
    }
    this.#watches.resume()
    // What changed while the link was away was told to nobody.
    if (isNew) for (const viewer of this.#viewers.all()) this.#terminals.introduce(viewer)
    const own = hello.terminals.filter((terminal) => link.workspaces.has(terminal.workspace_id))
    this.#terminals.open(link.terminals, own)
    this.#viewers.broadcast(this.#stateText())
    if (link.terminals) this.#reports.hello(own, () => this.#schedule())
    this.#schedule()
  }

  /** False when the link was replaced, or a later welcome overtook this one. */
  async #welcome(link: RuntimeLink): Promise<boolean> {
    const ticket = ++this.#helloTicket
    const welcome = await this.#ports.backend.welcome(this.#runtimeId)
    if (this.#link !== link || ticket !== this.#helloTicket) return false
    link.welcome(welcome)
    const moved = ({ workspace_id, generation }: ViewerIdentity) => link.workspaces.get(workspace_id) !== generation
    this.#dropViewers(moved, CLOSE.shutdown, 'the workspace moved')
    return true
  }

  async #onSummary(link: RuntimeLink, summary: AgentSummary): Promise<void> {
    this.#viewers.broadcast(encode({ type: 'agent.summary', summary }), summary.workspace_id)
    try {
      await this.#ports.backend.onSummary(this.#runtimeId, summary)
      await this.#ports.publish(link.attachment.organization_id, summary)
    } catch (cause) {
      this.#ports.log('summary was not stored', { runtime: this.#runtimeId, code: toPilotError(cause).code })
    }
  }

  #onTerminalState(message: RuntimeTerminalStateMessage): void {
    if (!this.#terminals.onState(message)) return
    const { workspace_id, ...told } = message
    this.#viewers.broadcast(encode(told), workspace_id)
    if (told.closed) this.#reports.closed(told.terminal.terminal_id)
    else this.#reports.changed(workspace_id, told.terminal)
  }

  /** Ends what somebody closed while the machine was away. */
  async #closeUnwanted({ terminal_id, workspace_id, created_by }: TerminalOutcome['unwanted'][number]): Promise<void> {
    const generation = this.#link?.workspaces.get(workspace_id)
    if (generation === undefined) return
    const actor = { user_id: created_by, role: 'member' }
    try {
      await this.command({ type: 'terminal.close', workspace_id, generation, actor, terminal_id, force: false })
    } catch (cause) {
      this.#ports.log('a closed terminal goes on', { terminal: terminal_id, code: toPilotError(cause).code })
    }
  }

  #stateText(): string {
    const { online, last_seen_at } = this.presence()
    return encode({ type: 'runtime.state', online, since: last_seen_at })
  }

  #report(change: { online: boolean }): void {
    const at = new Date(this.#ports.clock.now())
    this.#presenceDueAt = at.getTime() + PRESENCE_EVERY_MS
    this.#ports.backend.onPresence(this.#runtimeId, { ...change, at }).catch((cause: unknown) => {
      this.#ports.log('presence was not stored', { runtime: this.#runtimeId, code: toPilotError(cause).code })
    })
  }

  async #revalidate(): Promise<void> {
    this.#revalidateDueAt = this.#ports.clock.now() + REVALIDATE_EVERY_MS
    const { viewerAllowed } = this.#ports.backend
    if (!viewerAllowed) return
    await Promise.all(
      this.#viewers.all().map(async ({ identity, socket }) => {
        try {
          const allowed = await viewerAllowed.call(this.#ports.backend, identity)
          if (!allowed) this.#drop(socket, CLOSE.revoked, 'no longer allowed')
        } catch (cause) {
          // The database is away: the next round asks again.
          this.#ports.log('viewer was not checked', { code: toPilotError(cause).code })
        }
      }),
    )
  }

  #schedule(): void {
    const times = [
      ...(this.#link ? [this.#link.lastSeenAt + STALE_AFTER_MS, this.#presenceDueAt] : []),
      ...(this.#link && this.#reports.dueAt !== null ? [this.#reports.dueAt] : []),
      ...(this.#viewers.size > 0 ? [this.#revalidateDueAt] : []),
    ]
    if (times.length > 0) this.#ports.setAlarm(Math.max(Math.min(...times), this.#ports.clock.now() + 1_000))
  }
}

function parseCommand(message: Record<string, unknown>): RuntimeCommand {
  const parsed = RuntimeCommandSchema.safeParse({ schema_version: SCHEMA_VERSION, ...message })
  if (!parsed.success) {
    throw new PilotError('VALIDATION_FAILED', 'The command for the machine is not valid.', undefined, {
      cause: parsed.error,
    })
  }
  return parsed.data
}
