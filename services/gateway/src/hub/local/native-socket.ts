import { TEXT_LIMIT } from '@pilot/protocol/envelope'
import { FRAME_HEADER_BYTES, FRAME_MAX_PAYLOAD } from '@pilot/protocol/frame'
import type { Attachment, HubSocket } from '../socket.ts'

/** What is used of the server's WebSocket (Bun's `ServerWebSocket` fits). */
export interface NativeSocket {
  readonly data: SocketData
  /** Bytes sent, -1 when queued, 0 when refused. */
  send(data: string | Uint8Array<ArrayBuffer>): number
  close(code?: number, reason?: string): void
}

/** What travels through the upgrade: how the hub takes the socket once it is open. */
export interface SocketData {
  accept(socket: HubSocket): SocketEvents
  /** Set once it is open. */
  live?: { socket: LocalSocket; events: SocketEvents }
}

export interface SocketEvents {
  message(socket: HubSocket, data: string | Uint8Array<ArrayBuffer>): void
  close(socket: HubSocket): void
}

/** The server's own upgrade: true when it took over the connection of this very request. */
export type NativeUpgrade = (
  request: Request,
  options: { data: SocketData; headers?: Record<string, string> },
) => boolean

class LocalSocket implements HubSocket {
  readonly #native: NativeSocket
  #attachment: Attachment | null = null
  closed = false

  constructor(native: NativeSocket) {
    this.#native = native
  }

  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.closed) return false
    // A refused message would be a hole in the conversation: the peer starts over instead.
    if (this.#native.send(data) !== 0) return true
    this.close(4000, 'too far behind')
    return false
  }

  close(code: number, reason: string): void {
    if (!this.closed) this.#native.close(code, reason)
  }

  attachment(): unknown {
    return this.#attachment
  }

  setAttachment(value: Attachment): void {
    this.#attachment = value
  }

  lastAutoResponse(): number | null {
    return null
  }
}

/** Handlers and limits for the server's `websocket` option. */
export const localSocketHandlers = {
  /** The largest message of link R; the hubs hold tabs to less. */
  maxPayloadLength: Math.max(TEXT_LIMIT.runtime, FRAME_HEADER_BYTES + FRAME_MAX_PAYLOAD),
  /** What a peer may leave unread before its socket is closed. */
  backpressureLimit: 8 * 1_048_576,
  closeOnBackpressureLimit: true,
  /** Seconds; a live peer pings every 20. */
  idleTimeout: 120,
  sendPings: false,
  open(native: NativeSocket): void {
    const socket = new LocalSocket(native)
    native.data.live = { socket, events: native.data.accept(socket) }
  },
  message(native: NativeSocket, data: string | Uint8Array<ArrayBuffer>): void {
    const { live } = native.data
    if (live) live.events.message(live.socket, data)
  },
  close(native: NativeSocket): void {
    const { live } = native.data
    if (!live || live.socket.closed) return
    live.socket.closed = true
    live.events.close(live.socket)
  },
}
