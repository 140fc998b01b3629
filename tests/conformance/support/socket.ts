import { until } from '../../support/pilot.ts'

interface SocketOptions {
  headers: Record<string, string>
  protocols?: string[]
}
// Node's own client takes headers, which the browser's type does not know.
const Socket = WebSocket as unknown as new (url: string, options: SocketOptions) => WebSocket

/** A client socket that keeps what it received. */
export class TestSocket {
  readonly raw: WebSocket
  readonly messages: Record<string, unknown>[] = []
  readonly pongs: string[] = []
  readonly frames: Uint8Array[] = []
  /** Called with each message and frame, in the order in which they came. */
  onData: (data: Record<string, unknown> | Uint8Array) => void = () => undefined
  closed: { code: number; reason: string } | null = null

  private constructor(raw: WebSocket) {
    this.raw = raw
    raw.binaryType = 'arraybuffer'
    raw.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string') {
        const frame = new Uint8Array(data)
        this.frames.push(frame)
        this.onData(frame)
      } else if (data.startsWith('{')) {
        const message: Record<string, unknown> = JSON.parse(data)
        this.messages.push(message)
        this.onData(message)
      } else this.pongs.push(data)
    })
    raw.addEventListener('close', ({ code, reason }) => {
      this.closed = { code, reason }
    })
  }

  /** The other side has said that it closes; the end of the connection itself may come later. */
  get closing(): boolean {
    return this.raw.readyState >= WebSocket.CLOSING
  }

  /** Resolves once open; rejects when the upgrade is refused. */
  static async open(url: string, options: SocketOptions): Promise<TestSocket> {
    const raw = new Socket(url.replace(/^http/, 'ws'), options)
    const socket = new TestSocket(raw)
    await new Promise<void>((resolve, reject) => {
      raw.addEventListener('open', () => resolve())
      raw.addEventListener('close', () => reject(new Error('the upgrade was refused')))
      raw.addEventListener('error', () => undefined)
    })
    return socket
  }

  /**
   * The code that an upgrade is refused with: null when there was no upgrade at all, else the code of a connection that
   * was closed before anything was said. Throws when it stays open.
   */
  static async refusal(opening: Promise<TestSocket>): Promise<number | null> {
    let socket: TestSocket
    try {
      socket = await opening
    } catch {
      return null
    }
    const { code } = await until('the refusal', () => socket.closed, 20_000)
    if (socket.messages.length > 0) throw new Error('something was said before the refusal')
    return code
  }

  send(message: object): void {
    this.raw.send(JSON.stringify({ schema_version: '1', ...message }))
  }

  /** The first message that matches, past or to come. */
  wait(what: string, match: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    return until(what, () => this.messages.find(match), 20_000)
  }

  async close(): Promise<void> {
    this.raw.close()
    await until('the socket to close', () => this.closed, 20_000)
  }
}
