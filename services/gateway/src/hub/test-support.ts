import { newId } from '@pilot/domain/ids'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import { encode } from '@pilot/protocol/envelope'
import { FakeClock } from '@pilot/protocol/link/fake-clock'
import { summaryOf } from '../testing/summary.ts'
import type { HubBackend, RuntimeIdentity, ViewerIdentity, Welcome, WelcomeWorkspace } from './port.ts'
import { RuntimeHub, type RuntimeHubPorts } from './runtime-hub.ts'
import type { Attachment, HubSocket } from './socket.ts'

type Json = Record<string, unknown>

/** One end of a connection that records what the hub sends. */
export class FakeSocket implements HubSocket {
  readonly sent: (string | Uint8Array)[] = []
  closed: { code: number; reason: string } | null = null
  autoResponse: number | null = null
  stored: string | null = null
  onClosed: () => void = () => undefined

  send(data: string | Uint8Array): boolean {
    if (this.closed) return false
    this.sent.push(data)
    return true
  }
  close(code: number, reason: string): void {
    if (this.closed) return
    this.closed = { code, reason }
    this.onClosed()
  }
  attachment(): unknown {
    return this.stored === null ? null : JSON.parse(this.stored)
  }
  setAttachment(value: Attachment): void {
    this.stored = JSON.stringify(value)
  }
  lastAutoResponse(): number | null {
    return this.autoResponse
  }
  /** The text messages so far, or those of one type. */
  messages(type?: string): Json[] {
    const all = this.sent.flatMap((data) =>
      typeof data === 'string' && data.startsWith('{') ? [JSON.parse(data)] : [],
    )
    return type === undefined ? all : all.filter((message) => message.type === type)
  }
  last(type: string): Json {
    const message = this.messages(type).at(-1)
    if (!message) throw new Error(`no ${type} among ${JSON.stringify(this.messages().map((other) => other.type))}`)
    return message
  }
}

/** A hub with a fake world around it. */
export class HubWorld {
  readonly clock = new FakeClock()
  readonly identity: RuntimeIdentity = {
    runtime_id: newId('runtime'),
    instance_id: newId('instance'),
    organization_id: newId('organization'),
  }
  readonly workspace = this.newWorkspace()
  readonly welcomed: Welcome = { workspaces: [this.workspace], model: null }
  readonly presence: Json[] = []
  readonly summaries: AgentSummary[] = []
  readonly published: unknown[] = []
  readonly logged: string[] = []
  alarm: number | null = null
  fail = false
  allowed = true
  readonly backend: HubBackend = {
    onPresence: async (_id, change) => {
      if (this.fail) throw new Error('database away')
      this.presence.push({ ...change, hello: change.hello?.boot_id })
    },
    welcome: async () => structuredClone(this.welcomed),
    onSummary: async (_id, summary) => {
      this.summaries.push(summary)
    },
    viewerAllowed: async () => this.allowed,
  }
  readonly ports: RuntimeHubPorts = {
    clock: this.clock,
    backend: this.backend,
    publish: async (organizationId, summary) => {
      this.published.push([organizationId, summary.agent_session_id])
    },
    setAlarm: (at) => {
      this.alarm = at
    },
    maxFrame: 16_384,
    log: (message) => this.logged.push(message),
  }
  hub = new RuntimeHub(this.identity.runtime_id, this.ports)

  newWorkspace(): WelcomeWorkspace {
    return {
      workspace_id: newId('workspace'),
      instance_id: this.identity.instance_id,
      slug: 'demo',
      name: 'Demo',
      type: 'local',
      generation: 1,
      config: {},
      root_path: '/srv/demo',
    }
  }

  socket(): FakeSocket {
    const socket = new FakeSocket()
    socket.onClosed = () => this.hub.onClose(socket)
    return socket
  }

  hello(bootId: string, change: Json = {}): string {
    return encode({
      type: 'runtime.hello',
      runtime_id: this.identity.runtime_id,
      boot_id: bootId,
      version: '0.1.0',
      protocol: { min: 1, max: 1 },
      os: 'linux',
      arch: 'x64',
      system: {},
      capabilities: {},
      workspaces: [],
      ...change,
    })
  }

  /** A runtime that is connected and welcomed. */
  async runtime(bootId = 'boot-0001'): Promise<FakeSocket> {
    const socket = this.socket()
    this.hub.acceptRuntime(socket, this.identity, bootId)
    this.hub.onMessage(socket, this.hello(bootId))
    await this.clock.advance(0)
    return socket
  }

  viewer(change: Partial<ViewerIdentity> = {}): FakeSocket {
    const socket = this.socket()
    this.hub.acceptViewer(socket, {
      ...this.identity,
      workspace_id: this.workspace.workspace_id,
      generation: this.workspace.generation,
      user_id: newId('user'),
      role: 'member',
      session_id: newId('session'),
      read_only: false,
      ...change,
    })
    return socket
  }

  say(socket: FakeSocket, message: { type: string } & Json): void {
    this.hub.onMessage(socket, encode(message))
  }

  summary(change: Partial<AgentSummary> = {}): AgentSummary {
    return { ...summaryOf(this.workspace.workspace_id, newId('agent_session')), ...change }
  }

  /** Throws the hub away and builds it again from what the sockets kept, as after a sleep. */
  evict(sockets: FakeSocket[]): void {
    this.hub = new RuntimeHub(this.identity.runtime_id, this.ports)
    this.hub.restore(sockets)
  }
}
