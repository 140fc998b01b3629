import { DurableObject } from 'cloudflare:workers'
import { type Id, idSchema } from '@pilot/domain/ids'
import { AgentSummarySchema } from '@pilot/protocol/agent/event'
import { systemClock } from '@pilot/protocol/link/clock'
import { z } from 'zod'
import { makeAppContext } from '../app-context.ts'
import { OrganizationHub as Hub } from '../hub/organization-hub.ts'
import type { MemberIdentity } from '../hub/port.ts'
import { SessionEndSchema } from '../hub/session-end.ts'
import { readAttachment } from '../hub/socket.ts'
import { makeHubBackend } from '../runtime/hub-backend.ts'
import { gatewayDeps } from './compose.ts'
import { DurableSockets } from './durable-sockets.ts'
import type { Env } from './env.ts'
import { CALL_HEADER, type OrganizationHubRpc, outcome } from './hub-rpc.ts'

const OrganizationIdSchema = idSchema('organization')
const SessionIdSchema = idSchema('session')
const KeysSchema = z.array(z.array(z.string()))

/** The hub of one organization's tabs, by its id. */
export class OrganizationHub extends DurableObject<Env> implements OrganizationHubRpc {
  readonly #sockets: DurableSockets
  #hub: Hub | null = null

  constructor(context: DurableObjectState, env: Env) {
    super(context, env)
    this.#sockets = new DurableSockets(context)
    const sockets = this.#sockets.all()
    const attachment = sockets.map(readAttachment).find((found) => found?.kind === 'member')
    if (attachment) this.#ready(attachment.organization_id).restore(sockets)
  }

  /** Upgrades a tab; the Worker has checked who asks. */
  override async fetch(request: Request): Promise<Response> {
    const identity = JSON.parse(request.headers.get(CALL_HEADER) ?? 'null') as MemberIdentity
    return this.#sockets.upgrade(request, (socket) => this.#ready(identity.organization_id).accept(socket, identity))
  }

  invalidate(organizationId: string, keys: string, requestId: string | null): Promise<string> {
    return outcome(() =>
      this.#of(organizationId).invalidate(KeysSchema.parse(JSON.parse(keys)), requestId ?? undefined),
    )
  }

  summary(organizationId: string, summary: string): Promise<string> {
    return outcome(() => this.#of(organizationId).summary(AgentSummarySchema.parse(JSON.parse(summary))))
  }

  disconnectSession(organizationId: string, sessionId: string, why: string): Promise<string> {
    return outcome(() =>
      this.#of(organizationId).disconnectSession(SessionIdSchema.parse(sessionId), SessionEndSchema.parse(why)),
    )
  }

  override async alarm(): Promise<void> {
    await this.#hub?.onAlarm()
  }

  override webSocketMessage(native: WebSocket, data: string | ArrayBuffer): void {
    this.#hub?.onMessage(this.#sockets.of(native), typeof data === 'string' ? data : new Uint8Array(data))
  }

  override webSocketClose(native: WebSocket): void {
    this.#hub?.onClose(this.#sockets.of(native))
    this.#sockets.end(native)
  }

  override webSocketError(native: WebSocket): void {
    this.webSocketClose(native)
  }

  #of(organizationId: string): Hub {
    return this.#ready(OrganizationIdSchema.parse(organizationId))
  }

  #ready(organizationId: Id<'organization'>): Hub {
    if (this.#hub) return this.#hub
    const deps = gatewayDeps(this.env, (work) => this.ctx.waitUntil(work))
    this.#hub = new Hub(organizationId, {
      clock: systemClock,
      backend: makeHubBackend(makeAppContext(deps)),
      setAlarm: (at) => this.ctx.waitUntil(this.ctx.storage.setAlarm(at)),
      log: (message, fields) => deps.logger.info(fields, message),
    })
    return this.#hub
  }
}
