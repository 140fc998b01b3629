import { DurableObject } from 'cloudflare:workers'
import type { Id } from '@pilot/domain/ids'
import { idSchema } from '@pilot/domain/ids'
import { FRAME_MAX_PAYLOAD_SMALL } from '@pilot/protocol/frame'
import { systemClock } from '@pilot/protocol/link/clock'
import { z } from 'zod'
import { makeAppContext } from '../app-context.ts'
import type { RuntimeIdentity, TunnelTarget, ViewerIdentity } from '../hub/port.ts'
import { RuntimeHub as Hub } from '../hub/runtime-hub.ts'
import { SessionEndSchema } from '../hub/session-end.ts'
import { readAttachment } from '../hub/socket.ts'
import { makeHubBackend } from '../runtime/hub-backend.ts'
import { gatewayDeps } from './compose.ts'
import { DurableSockets } from './durable-sockets.ts'
import type { Env } from './env.ts'
import { CALL_HEADER, ERROR_HEADER, errorText, outcome, type RuntimeHubRpc } from './hub-rpc.ts'

/** What a request to this object is for. Written by the Worker after it has checked who asks. */
export type RuntimeHubCall =
  | { kind: 'runtime'; identity: RuntimeIdentity; boot_id: string }
  | { kind: 'viewer'; identity: ViewerIdentity }
  | { kind: 'tunnel'; target: TunnelTarget }

const RuntimeIdSchema = idSchema('runtime')
const SessionIdSchema = idSchema('session')

/** The hub of one runtime, by its id. Its sockets stay while it sleeps; everything else it builds again from them. */
export class RuntimeHub extends DurableObject<Env> implements RuntimeHubRpc {
  readonly #sockets: DurableSockets
  #hub: Hub | null = null

  constructor(context: DurableObjectState, env: Env) {
    super(context, env)
    this.#sockets = new DurableSockets(context)
    const sockets = this.#sockets.all()
    const attachment = sockets.map(readAttachment).find((found) => found !== null && 'runtime_id' in found)
    if (attachment && 'runtime_id' in attachment) this.#ready(attachment.runtime_id).restore(sockets)
  }

  override async fetch(request: Request): Promise<Response> {
    const call = JSON.parse(request.headers.get(CALL_HEADER) ?? 'null') as RuntimeHubCall
    switch (call.kind) {
      case 'runtime':
        return this.#sockets.upgrade(request, (socket) =>
          this.#ready(call.identity.runtime_id).acceptRuntime(socket, call.identity, call.boot_id),
        )
      case 'viewer':
        return this.#sockets.upgrade(request, (socket) =>
          this.#ready(call.identity.runtime_id).acceptViewer(socket, call.identity),
        )
      case 'tunnel':
        return this.#tunnel(request, call.target)
    }
  }

  async #tunnel(request: Request, target: TunnelTarget): Promise<Response> {
    const headers = new Headers(request.headers)
    headers.delete(CALL_HEADER)
    try {
      const answer = await this.#ready(target.runtime_id).tunnel(new Request(request, { headers }), target)
      answer.headers.delete(ERROR_HEADER)
      return answer
    } catch (cause) {
      return new Response(null, { status: 500, headers: { [ERROR_HEADER]: errorText(cause) } })
    }
  }

  command(runtimeId: string, message: string, timeoutMs: number | null): Promise<string> {
    const parsed = z.looseObject({ type: z.string() })
    return outcome(() => this.#of(runtimeId).command(parsed.parse(JSON.parse(message)), timeoutMs ?? undefined))
  }

  presence(runtimeId: string): Promise<string> {
    return outcome(() => this.#of(runtimeId).presence())
  }

  disconnectRuntime(runtimeId: string, code: number, reason: string): Promise<string> {
    return outcome(() => this.#of(runtimeId).disconnectRuntime(code, reason))
  }

  disconnectSession(runtimeId: string, sessionId: string, why: string): Promise<string> {
    return outcome(() =>
      this.#of(runtimeId).disconnectSession(SessionIdSchema.parse(sessionId), SessionEndSchema.parse(why)),
    )
  }

  refreshWelcome(runtimeId: string): Promise<string> {
    return outcome(() => this.#of(runtimeId).refreshWelcome())
  }

  override async alarm(): Promise<void> {
    // Without a hub there is no socket, so there is nothing to watch over.
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

  #of(runtimeId: string): Hub {
    return this.#ready(RuntimeIdSchema.parse(runtimeId))
  }

  #ready(runtimeId: Id<'runtime'>): Hub {
    if (this.#hub) return this.#hub
    const deps = gatewayDeps(this.env, (work) => this.ctx.waitUntil(work))
    this.#hub = new Hub(runtimeId, {
      clock: systemClock,
      backend: makeHubBackend(makeAppContext(deps)),
      maxFrame: FRAME_MAX_PAYLOAD_SMALL,
      publish: async (organizationId, summary) => {
        const organization = this.env.ORGANIZATION_WEBSOCKET.getByName(organizationId)
        await organization.summary(organizationId, JSON.stringify(summary))
      },
      setAlarm: (at) => this.ctx.waitUntil(this.ctx.storage.setAlarm(at)),
      log: (message, fields) => deps.logger.info(fields, message),
    })
    return this.#hub
  }
}
