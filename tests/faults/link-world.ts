import type { AgentEntry, AgentEventSource, AgentHead, AgentSourceItem } from '@pilot/backend/link/agent-event-source'
import { RuntimeLink, type RuntimeLinkOptions } from '@pilot/backend/link/runtime-link'
import { type Id, newId } from '@pilot/domain/ids'
import { type FakeSocket, HubWorld } from '@pilot/gateway/hub/test-support'
import type { AgentEvent } from '@pilot/protocol/agent/event'
import { FakeClock } from '@pilot/protocol/link/fake-clock'
import type { LinkSocketHandlers } from '@pilot/protocol/link/socket'

/** A journal in memory, which is what the link needs of one. */
export class FakeJournal implements AgentEventSource {
  epoch = 'e1'
  readonly entries: AgentEntry[] = []
  /** Entries below this are no longer kept. */
  kept = 1
  readonly #listeners = new Set<(item: AgentSourceItem) => void>()
  readonly #session: Id<'agent_session'>
  readonly #workspace: Id<'workspace'>

  constructor(session: Id<'agent_session'>, workspace: Id<'workspace'>) {
    this.#session = session
    this.#workspace = workspace
  }
  append(text = ''): void {
    const seq = this.entries.length + 1
    const event: AgentEvent = { type: 'part.appended', message_id: 'm', part_id: 'p', field: 'text', offset: 0, text }
    this.entries.push({ seq, event })
    const { epoch } = this
    const at = { workspace_id: this.#workspace, agent_session_id: this.#session, epoch }
    for (const listener of this.#listeners) listener({ kind: 'event', ...at, seq, event })
  }
  head(id: Id<'agent_session'>): AgentHead | null {
    if (id !== this.#session) return null
    return { workspace_id: this.#workspace, epoch: this.epoch, seq: this.entries.length }
  }
  read(_id: Id<'agent_session'>, afterSeq: number, limit: number): AgentEntry[] {
    return this.entries.slice(Math.max(afterSeq, this.kept - 1)).slice(0, limit)
  }
  subscribe(listener: (item: AgentSourceItem) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  summaries() {
    return []
  }
  get listeners(): number {
    return this.#listeners.size
  }
}

/** One wire: everything sent arrives later and in order, until it is cut. */
export class Wire {
  cut = false
  /** Changes what the far end gets; null drops it. */
  mangle: (data: string | Uint8Array<ArrayBuffer>) => string | Uint8Array<ArrayBuffer> | null = (data) => data
  buffered = 0
  /** What goes this way does not arrive any more, and neither end is told: `up` is what the machine says. */
  silent: 'up' | 'down' | 'both' | null = null
  closedBy: { code: number; reason: string } | null = null
  readonly hubSocket: FakeSocket
  readonly #handlers: LinkSocketHandlers
  readonly #world: HubWorld

  constructor(world: HubWorld, handlers: LinkSocketHandlers, bootId: string) {
    this.#world = world
    this.#handlers = handlers
    this.hubSocket = world.socket()
    const record = this.hubSocket.send.bind(this.hubSocket)
    this.hubSocket.send = (data) => {
      if (this.cut || !record(data)) return false
      const copy = typeof data === 'string' ? data : data.slice()
      setImmediate(() => {
        const got = this.mangle(copy)
        if (!this.cut && got !== null && !this.#silences('down')) handlers.message(got)
      })
      return true
    }
    this.hubSocket.onClosed = () => {
      const { code, reason } = this.hubSocket.closed ?? { code: 1006, reason: '' }
      setImmediate(() => {
        if (!this.#silences('down')) this.lose(code, reason)
      })
    }
    setImmediate(() => {
      if (this.cut) return
      world.hub.acceptRuntime(this.hubSocket, world.identity, bootId)
      handlers.open()
    })
  }
  send(data: string | Uint8Array): void {
    const copy = typeof data === 'string' ? data : data.slice()
    setImmediate(() => {
      const got = this.mangle(copy)
      if (!this.cut && got !== null && !this.#silences('up')) this.#world.hub.onMessage(this.hubSocket, got)
    })
  }
  /** Both ends learn that the connection is gone. Through a silent wire the hub does not. */
  lose(code = 1006, reason = ''): void {
    if (this.cut) return
    this.cut = true
    if (!this.#silences('up')) this.#world.hub.onClose(this.hubSocket)
    this.#handlers.close(code, reason)
  }
  #silences(way: 'up' | 'down'): boolean {
    return this.silent === way || this.silent === 'both'
  }
}

/** A real hub and a real runtime link, with everything between and around them in memory. */
export class LinkWorld {
  readonly hubWorld = new HubWorld()
  readonly clock = new FakeClock()
  readonly session = newId('agent_session')
  readonly journal = new FakeJournal(this.session, this.hubWorld.workspace.workspace_id)
  readonly wires: Wire[] = []
  /** No connection comes about. */
  dead = false
  readonly logs: string[] = []
  readonly link: RuntimeLink
  handler: RuntimeLinkOptions['handler'] = async () => new Response('ok')
  onWelcome: RuntimeLinkOptions['onWelcome'] = async () => undefined
  held: ReturnType<RuntimeLinkOptions['held']> = []

  constructor(commands: RuntimeLinkOptions['commands'] = {}, bootId = 'boot-0001') {
    this.link = new RuntimeLink({
      connect: (handlers) => {
        const wire = new Wire(this.hubWorld, handlers, bootId)
        this.wires.push(wire)
        if (this.dead) setImmediate(() => wire.lose())
        return {
          send: (data) => wire.send(data),
          close: (code, reason) => wire.lose(code, reason),
          bufferedAmount: () => wire.buffered,
        }
      },
      clock: this.clock,
      random: () => 0.5,
      identity: {
        runtime_id: this.hubWorld.identity.runtime_id,
        boot_id: bootId,
        version: '0.1.0',
        os: 'linux',
        arch: 'x64',
      },
      describe: () => ({ system: { cpus: 2 }, capabilities: { git: true } }),
      held: () => this.held,
      onWelcome: (welcome, conflicts) => this.onWelcome(welcome, conflicts),
      handler: (request, context) => this.handler(request, context),
      commands,
      events: this.journal,
      health: async () => ({
        cpu: 0.1,
        memory_used: 1,
        memory_total: 2,
        disk_used: 3,
        disk_total: 4,
        uptime_s: 5,
      }),
      log: (message) => this.logs.push(message),
    })
  }
  get wire(): Wire {
    const wire = this.wires.at(-1)
    if (!wire) throw new Error('never dialled')
    return wire
  }
  target(generation = 1) {
    return {
      runtime_id: this.hubWorld.identity.runtime_id,
      workspace_id: this.hubWorld.workspace.workspace_id,
      generation,
      actor: { user_id: newId('user'), role: 'member' as const },
      request_id: newId('request'),
      session_id: newId('session'),
    }
  }
  tunnel(path: string, init?: RequestInit, generation = 1): Promise<Response> {
    return this.hubWorld.hub.tunnel(new Request(`http://x${path}`, init), this.target(generation))
  }
}

/** Lets everything that is on a wire arrive. */
export async function arrive(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
