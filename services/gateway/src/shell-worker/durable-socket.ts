import type { Attachment, HubSocket } from '../hub/socket.ts'

/** A WebSocket that the platform keeps while the object sleeps. */
class DurableSocket implements HubSocket {
  readonly #context: DurableObjectState
  readonly #socket: WebSocket

  constructor(context: DurableObjectState, socket: WebSocket) {
    this.#context = context
    this.#socket = socket
  }

  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    try {
      this.#socket.send(data)
      return true
    } catch {
      // It is closing already; its close event follows.
      return false
    }
  }

  close(code: number, reason: string): void {
    try {
      this.#socket.close(code, reason)
    } catch {
      // Closed already.
    }
  }

  attachment(): unknown {
    return this.#socket.deserializeAttachment()
  }

  setAttachment(value: Attachment): void {
    this.#socket.serializeAttachment(value)
  }

  lastAutoResponse(): number | null {
    return this.#context.getWebSocketAutoResponseTimestamp(this.#socket)?.getTime() ?? null
  }
}

/** The sockets of one object; the same wrapper for the same socket, so that hubs can use it as a key. */
export class DurableSockets {
  readonly #context: DurableObjectState
  readonly #wrappers = new WeakMap<WebSocket, HubSocket>()

  constructor(context: DurableObjectState) {
    this.#context = context
    // Pings are answered by the platform: they do not wake the object, and their time is kept.
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
  }

  wrap(socket: WebSocket): HubSocket {
    const known = this.#wrappers.get(socket)
    if (known) return known
    const wrapper = new DurableSocket(this.#context, socket)
    this.#wrappers.set(socket, wrapper)
    return wrapper
  }

  /** Every socket that outlived a sleep. */
  all(): HubSocket[] {
    return this.#context.getWebSockets().map((socket) => this.wrap(socket))
  }

  /** Accepts an upgrade: the answer for the client, and our end of the connection. */
  accept(request: Request, tag: string): { response: Response; socket: HubSocket } {
    const { 0: client, 1: server } = new WebSocketPair()
    this.#context.acceptWebSocket(server, [tag])
    return { response: upgraded(request, client), socket: this.wrap(server) }
  }
}

/** The 101 answer; takes over the subprotocol of link R when it was offered. */
export function upgraded(request: Request, client: WebSocket): Response {
  const offered = request.headers.get('sec-websocket-protocol')?.split(',') ?? []
  const protocol = offered.map((name) => name.trim()).find((name) => name === 'rt.1')
  const headers = new Headers(protocol ? { 'sec-websocket-protocol': protocol } : {})
  return new Response(null, { status: 101, webSocket: client, headers })
}
