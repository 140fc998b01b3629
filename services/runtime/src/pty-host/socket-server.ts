import type { Connection, Pipe } from '@pilot/backend/terminal/host/connection'
import type { HostCore } from '@pilot/backend/terminal/host/host-core'
import type { HostPaths } from '@pilot/backend/terminal/host/paths'
import { nodeFs } from './files.ts'
import { changeMode, makeDirectory, unlink } from './libc.ts'

/** A client that takes nothing while this much waits for it is cut off; it may come again. */
const BACKLOG_MAX = 16 * 1024 * 1024
const CONNECTIONS_MAX = 16

/** One client's socket: what the kernel does not take waits here, and output stops until it is gone. */
class SocketPipe implements Pipe {
  readonly socket: Bun.Socket<SocketPipe>
  connection: Connection | null = null
  #backlog: Uint8Array[] = []
  #waiting = 0

  constructor(socket: Bun.Socket<SocketPipe>) {
    this.socket = socket
  }

  send(frame: Uint8Array): boolean {
    if (this.#backlog.length === 0) {
      const written = Math.max(0, this.socket.write(frame))
      if (written === frame.length) return true
      frame = frame.subarray(written)
    }
    this.#backlog.push(frame.slice())
    this.#waiting += frame.length
    if (this.#waiting > BACKLOG_MAX) this.close()
    return false
  }

  /** True when nothing waits any more. */
  flush(): boolean {
    for (;;) {
      const frame = this.#backlog[0]
      if (!frame) return true
      const written = Math.max(0, this.socket.write(frame))
      this.#waiting -= written
      if (written < frame.length) {
        this.#backlog[0] = frame.subarray(written)
        return false
      }
      this.#backlog.shift()
    }
  }

  close(): void {
    this.#backlog = []
    this.#waiting = 0
    this.socket.terminate()
  }
}

/** Listens for the clients of this terminal. Only this user can reach the socket: it lies in a directory that is private. */
export function listen(paths: HostPaths, core: HostCore, onConnectionsChanged: () => void) {
  privateDirectory(paths.directory)
  if (paths.socketDirectory) privateDirectory(paths.socketDirectory)
  unlink(paths.socket)
  const server = Bun.listen<SocketPipe>({
    unix: paths.socket,
    socket: {
      open(socket) {
        if (core.connections >= CONNECTIONS_MAX) {
          socket.terminate()
          return
        }
        const pipe = new SocketPipe(socket)
        socket.data = pipe
        pipe.connection = core.connect(pipe)
        onConnectionsChanged()
      },
      data(socket, chunk) {
        if (!socket.data?.connection?.receive(chunk)) socket.terminate()
      },
      drain(socket) {
        if (socket.data?.flush()) socket.data.connection?.drained()
      },
      close(socket) {
        if (socket.data?.connection) core.disconnected(socket.data.connection)
        onConnectionsChanged()
      },
      error() {},
    },
  })
  if (!changeMode(paths.socket, 0o600)) throw new Error('the socket cannot be made private')
  return { close: () => server.stop(true) }
}

/** Creates a directory for this user alone. Throws when somebody else's stands there. */
function privateDirectory(path: string): void {
  if (makeDirectory(path, 0o700)) return
  const fs = nodeFs()
  fs.mkdirSync(path, { recursive: true, mode: 0o700 })
  const found = fs.lstatSync(path)
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw new Error('the directory belongs to somebody else')
  fs.chmodSync(path, 0o700)
}
