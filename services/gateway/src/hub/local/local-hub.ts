import { ERROR_CODES, PilotError, toPilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import { FRAME_MAX_PAYLOAD } from '@pilot/protocol/frame'
import { type Clock, systemClock } from '@pilot/protocol/link/clock'
import { RUNTIME_SUBPROTOCOL } from '@pilot/protocol/version'
import { OrganizationHub } from '../organization-hub.ts'
import type {
  HubBackend,
  HubPort,
  MemberIdentity,
  RuntimeIdentity,
  RuntimePresence,
  TunnelTarget,
  ViewerIdentity,
} from '../port.ts'
import { RuntimeHub } from '../runtime-hub.ts'
import type { SessionEnd } from '../session-end.ts'
import type { HubSocket } from '../socket.ts'
import type { NativeUpgrade, SocketEvents } from './native-socket.ts'

export interface LocalHubOptions {
  upgrade: NativeUpgrade
  backend: HubBackend
  clock?: Clock
  log?: (message: string, fields: Record<string, unknown>) => void
}

interface Actor<H> {
  hub: H
  cancelAlarm: () => void
}

/** All hubs of a control plane that is one process. */
export class LocalHub implements HubPort {
  readonly #options: Required<LocalHubOptions>
  readonly #runtimes = new Map<Id<'runtime'>, Actor<RuntimeHub>>()
  readonly #organizations = new Map<Id<'organization'>, Actor<OrganizationHub>>()
  readonly #upgraded = new WeakSet<Request>()
  #stopped = false

  constructor(options: LocalHubOptions) {
    this.#options = { clock: systemClock, log: () => undefined, ...options }
  }

  /** True when the connection of this request belongs to a hub now: the server then sends no answer of its own. */
  wasUpgraded(request: Request): boolean {
    return this.#upgraded.has(request)
  }

  async connectRuntime(request: Request, identity: RuntimeIdentity): Promise<Response> {
    const { hub } = this.#runtime(identity.runtime_id)
    const bootId = request.headers.get('x-pilot-boot-id')?.slice(0, 80) ?? ''
    return this.#upgrade(request, (socket) => {
      hub.acceptRuntime(socket, identity, bootId)
      return eventsOf(hub)
    })
  }

  async connectViewer(request: Request, identity: ViewerIdentity): Promise<Response> {
    const { hub } = this.#runtime(identity.runtime_id)
    return this.#upgrade(request, (socket) => {
      hub.acceptViewer(socket, identity)
      return eventsOf(hub)
    })
  }

  async connectOrganization(request: Request, identity: MemberIdentity): Promise<Response> {
    const { hub } = this.#organization(identity.organization_id)
    return this.#upgrade(request, (socket) => {
      hub.accept(socket, identity)
      return eventsOf(hub)
    })
  }

  async refuse(request: Request, code: number, reason: string): Promise<Response> {
    return this.#upgrade(request, (socket) => {
      socket.close(code, reason)
      return { message: () => undefined, close: () => undefined }
    })
  }

  async tunnel(request: Request, target: TunnelTarget): Promise<Response> {
    return this.#present(target.runtime_id).tunnel(request, target)
  }

  async command(
    runtimeId: Id<'runtime'>,
    message: { type: string } & Record<string, unknown>,
    timeoutMs?: number,
  ): Promise<unknown> {
    return this.#present(runtimeId).command(message, timeoutMs)
  }

  async presence(runtimeIds: Id<'runtime'>[]): Promise<Map<Id<'runtime'>, RuntimePresence>> {
    const absent: RuntimePresence = { online: false, last_seen_at: null, version: null, health: null }
    return new Map(runtimeIds.map((id) => [id, this.#runtimes.get(id)?.hub.presence() ?? absent]))
  }

  async disconnectRuntime(runtimeId: Id<'runtime'>, code: number, reason: string): Promise<void> {
    this.#runtimes.get(runtimeId)?.hub.disconnectRuntime(code, reason)
  }

  async disconnectSession(
    organizationId: Id<'organization'>,
    runtimeIds: Id<'runtime'>[],
    sessionId: Id<'session'>,
    why: SessionEnd,
  ): Promise<void> {
    this.#organizations.get(organizationId)?.hub.disconnectSession(sessionId, why)
    for (const id of runtimeIds) this.#runtimes.get(id)?.hub.disconnectSession(sessionId, why)
  }

  async invalidate(organizationId: Id<'organization'>, keys: string[][], requestId?: string): Promise<void> {
    this.#organizations.get(organizationId)?.hub.invalidate(keys, requestId)
  }

  async refreshWelcome(runtimeId: Id<'runtime'>): Promise<void> {
    await this.#runtimes.get(runtimeId)?.hub.refreshWelcome()
  }

  /** Closes every socket with 4000 and stops every timer. */
  stop(): void {
    this.#stopped = true
    for (const { hub, cancelAlarm } of [...this.#runtimes.values(), ...this.#organizations.values()]) {
      cancelAlarm()
      hub.close()
    }
  }

  #present(runtimeId: Id<'runtime'>): RuntimeHub {
    const actor = this.#runtimes.get(runtimeId)
    if (!actor) throw new PilotError('RUNTIME_OFFLINE')
    return actor.hub
  }

  #runtime(id: Id<'runtime'>): Actor<RuntimeHub> {
    return this.#actor(this.#runtimes, id, (setAlarm) => {
      const { clock, backend, log } = this.#options
      return new RuntimeHub(id, {
        clock,
        backend,
        log,
        setAlarm,
        maxFrame: FRAME_MAX_PAYLOAD,
        publish: async (organizationId, summary) => this.#organizations.get(organizationId)?.hub.summary(summary),
      })
    })
  }

  #organization(id: Id<'organization'>): Actor<OrganizationHub> {
    return this.#actor(this.#organizations, id, (setAlarm) => {
      const { clock, backend, log } = this.#options
      return new OrganizationHub(id, { clock, backend, log, setAlarm })
    })
  }

  #actor<K extends string, H extends { onAlarm(): Promise<void> }>(
    actors: Map<K, Actor<H>>,
    id: K,
    create: (setAlarm: (at: number) => void) => H,
  ): Actor<H> {
    const known = actors.get(id)
    if (known) return known
    const { clock, log } = this.#options
    const actor: Actor<H> = {
      cancelAlarm: () => undefined,
      hub: create((at) => {
        actor.cancelAlarm()
        if (this.#stopped) return
        actor.cancelAlarm = clock.after(at - clock.now(), () => {
          actor.hub.onAlarm().catch((cause: unknown) => log('alarm failed', { id, code: toPilotError(cause).code }))
        })
      }),
    }
    actors.set(id, actor)
    return actor
  }

  #upgrade(request: Request, accept: (socket: HubSocket) => SocketEvents): Response {
    const offered = request.headers.get('sec-websocket-protocol')?.split(',') ?? []
    const headers = offered.some((name) => name.trim() === RUNTIME_SUBPROTOCOL)
      ? { headers: { 'Sec-WebSocket-Protocol': RUNTIME_SUBPROTOCOL } }
      : {}
    if (this.#options.upgrade(request, { data: { accept }, ...headers })) {
      this.#upgraded.add(request)
      // The server drops this answer: the connection speaks WebSocket already.
      return new Response(null)
    }
    const { status, message } = ERROR_CODES.UPGRADE_REQUIRED
    return new Response(message, { status, headers: { upgrade: 'websocket' } })
  }
}

function eventsOf(hub: {
  onMessage(socket: HubSocket, data: string | Uint8Array<ArrayBuffer>): void
  onClose(socket: HubSocket): void
}): SocketEvents {
  return {
    message: (socket, data) => hub.onMessage(socket, data),
    close: (socket) => hub.onClose(socket),
  }
}
