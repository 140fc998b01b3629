import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Fixed by the WebSocket protocol. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const TEXT = 1
const BINARY = 2
const CLOSE = 8
const FIN = 0x80
const MASK_BYTES = 4

/** One open socket; messages are never cut into fragments by browsers of today. */
export interface MockConnection {
  send(data: string | Uint8Array): void
  close(): void
}

export interface MockSocketEvents {
  message(data: string | Uint8Array): void
  closed(): void
}

/** Takes a WebSocket over: the least of the protocol that a browser needs. */
export function acceptSocket(
  request: IncomingMessage,
  socket: Duplex,
  open: (connection: MockConnection) => MockSocketEvents,
): void {
  const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64')
  socket.on('error', () => socket.destroy())
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
  )
  const events = open({
    send: (data) => {
      const payload = Buffer.from(data)
      if (!socket.destroyed) socket.write(Buffer.concat([head(typeof data === 'string', payload.length), payload]))
    },
    close: () => socket.end(Buffer.from([FIN | CLOSE, 0])),
  })
  let buffer = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    buffer = Buffer.concat([buffer, data])
    for (let frame = readFrame(buffer); frame; frame = readFrame(buffer)) {
      buffer = buffer.subarray(frame.size)
      if (frame.opcode === TEXT) events.message(frame.payload.toString())
      else if (frame.opcode === BINARY) events.message(new Uint8Array(frame.payload))
      else if (frame.opcode === CLOSE) socket.end(Buffer.from([FIN | CLOSE, 0]))
    }
  })
  socket.on('close', () => events.closed())
}

function head(text: boolean, length: number): Buffer {
  const opcode = FIN | (text ? TEXT : BINARY)
  if (length < 126) return Buffer.from([opcode, length])
  if (length < 65_536) return Buffer.from([opcode, 126, length >> 8, length & 0xff])
  const long = Buffer.alloc(10)
  long[0] = opcode
  long[1] = 127
  long.writeBigUInt64BE(BigInt(length), 2)
  return long
}

function readFrame(buffer: Buffer): { opcode: number; payload: Buffer; size: number } | null {
  if (buffer.length < 2) return null
  const short = (buffer[1] ?? 0) & 0x7f
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0
  const start = 2 + extra + MASK_BYTES
  if (buffer.length < start) return null
  const length = extra === 0 ? short : extra === 2 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2))
  if (buffer.length < start + length) return null
  const mask = buffer.subarray(start - MASK_BYTES, start)
  const payload = Buffer.from(buffer.subarray(start, start + length))
  for (let at = 0; at < payload.length; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at % MASK_BYTES] ?? 0)
  return { opcode: (buffer[0] ?? 0) & 0x0f, payload, size: start + length }
}

/** A socket that only answers pings, as link O does in a quiet organization. */
export function quietSocket(connection: MockConnection): MockSocketEvents {
  return {
    message: (data) => {
      if (data === 'ping') connection.send('pong')
    },
    closed: () => undefined,
  }
}
