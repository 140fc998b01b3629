import { RUNTIME_SUBPROTOCOL } from '@pilot/protocol/version'
import type { Attachment, HubSocket } from '../hub/socket.ts'

class DurableSocket implements HubSocket {
  readonly #context: DurableObjectState
  readonly #native: WebSocket

  constructor(context: DurableObjectState, native: WebSocket) {
    this.#context = context
    this.#native = native
  }

  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    try {
      this.#native.send(data)
      return true
    } catch {
      // Closed meanwhile; its close event follows.
      return false
    }
  }

  close(code: number, reason: string): void {
    try {
      this.#native.close(code, reason)
    } catch {
      // Closed already.
    }
  }

  attachment(): unknown {
    return this.#native.deserializeAttachment()
  }

  setAttachment(value: Attachment): void {
    this.#native.serializeAttachment(value)
  }

  lastAutoResponse(): number | null {
    return this.#context.getWebSocketAutoResponseTimestamp(this.#native)?.getTime() ?? null
  }
}

/**
 * The sockets of one Durable Object, which outlive its memory. Each carries a tag, so that the hub sees the same
 * `HubSocket` whenever the platform hands that socket over.
 */
export class DurableSockets {
  readonly #context: DurableObjectState
  readonly #known = new Map<string, DurableSocket>()

  constructor(context: DurableObjectState) {
    this.#context = context
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
  }

  /** Sockets that were there before this object was loaded into memory. */
  all(): HubSocket[] {
    // Also lists sockets that we closed and whose peer has not answered: those are not ours any more.
    const open = this.#context.getWebSockets().filter((native) => native.readyState === WebSocket.OPEN)
    return open.map((native) => this.of(native))
  }

  of(native: WebSocket): HubSocket {
    const [tag = ''] = this.#context.getTags(native)
    const known = this.#known.get(tag)
    if (known) return known
    const socket = new DurableSocket(this.#context, native)
    this.#known.set(tag, socket)
    return socket
  }

  /** The other side closed: answers, so that it need not wait for its own time limit, and forgets the socket. */
  end(native: WebSocket): void {
    const [tag = ''] = this.#context.getTags(native)
    this.#known.delete(tag)
    try {
      native.close(1000, '')
    } catch {
      // Both sides are done already.
    }
  }

  /** Upgrades a request and gives the new socket to `accept`. */
  upgrade(request: Request, accept: (socket: HubSocket) => void): Response {
    const { 0: client, 1: server } = new WebSocketPair()
    this.#context.acceptWebSocket(server, [crypto.randomUUID()])
    accept(this.of(server))
    return upgraded(request, client)
  }
}

/** The answer that hands a socket to the client, with the subprotocol of link R when it was offered. */
export function upgraded(request: Request, client: WebSocket): Response {
  const offered = request.headers.get('sec-websocket-protocol')?.split(',') ?? []
  const runtime = offered.some((name) => name.trim() === RUNTIME_SUBPROTOCOL)
  return new Response(null, {
    status: 101,
    webSocket: client,
    headers: runtime ? { 'sec-websocket-protocol': RUNTIME_SUBPROTOCOL } : {},
  })
}
