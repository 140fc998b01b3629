/** One connection as the link sees it. The factory starts dialling at once and reports through the handlers. */
export interface LinkSocket {
  /** Only called between `open` and `close`. Copies what it is given: the caller uses its buffer again. */
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code: number, reason: string): void
  /** Bytes that were taken but did not leave yet. */
  bufferedAmount(): number
}

export interface LinkSocketHandlers {
  open(): void
  message(data: string | Uint8Array): void
  /** Called exactly once, also when the connection never opened (code 1006). */
  close(code: number, reason: string): void
}

export type LinkSocketFactory = (handlers: LinkSocketHandlers) => LinkSocket

/** What is used of the platform's WebSocket. */
interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
  addEventListener(type: 'error', listener: () => void): void
}

/** Makes a factory of anything that creates a standard WebSocket, such as `() => new WebSocket(url)`. */
export function webSocketFactory(create: () => WebSocketLike): LinkSocketFactory {
  return (handlers) => {
    const socket = create()
    socket.binaryType = 'arraybuffer'
    let closed = false
    const close = (code: number, reason: string) => {
      if (closed) return
      closed = true
      handlers.close(code, reason)
    }
    socket.addEventListener('open', () => handlers.open())
    socket.addEventListener('message', ({ data }) => {
      if (closed) return
      if (typeof data === 'string') handlers.message(data)
      else if (data instanceof ArrayBuffer) handlers.message(new Uint8Array(data))
    })
    socket.addEventListener('close', ({ code, reason }) => close(code, reason))
    // A close event follows every error; the error itself says nothing more.
    socket.addEventListener('error', () => undefined)
    return {
      send: (data) => socket.send(data),
      close: (code, reason) => {
        // Codes below 3000 but 1000 may not be sent: the platform throws.
        socket.close(code >= 3_000 && code <= 4_999 ? code : 1_000, reason)
        // The closing handshake of a dead peer takes minutes: nobody waits for it.
        close(code, reason)
      },
      bufferedAmount: () => socket.bufferedAmount,
    }
  }
}
