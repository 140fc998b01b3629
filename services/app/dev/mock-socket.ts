import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Fixed by the WebSocket protocol. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const TEXT_FRAME = 0x81
const MASK_BYTES = 4

/** A socket that says nothing by itself and answers "ping" with "pong", as link O does in a quiet organization. */
export function acceptSocket(request: IncomingMessage, socket: Duplex): void {
  const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64')
  socket.on('error', () => socket.destroy())
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
  )
  socket.on('data', (frame: Buffer) => {
    const length = (frame[1] ?? 0) & 0x7f
    const mask = frame.subarray(2, 2 + MASK_BYTES)
    const text = Buffer.from(
      frame
        .subarray(2 + MASK_BYTES, 2 + MASK_BYTES + length)
        .map((byte, index) => byte ^ (mask[index % MASK_BYTES] ?? 0)),
    ).toString()
    if (frame[0] === TEXT_FRAME && text === 'ping') socket.write(Buffer.from([TEXT_FRAME, 4, ...Buffer.from('pong')]))
    else if (((frame[0] ?? 0) & 0x0f) === 8) socket.end()
  })
}
