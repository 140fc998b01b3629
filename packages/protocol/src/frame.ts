/**
 * Binary frame, the same on links R and W:
 *
 *   byte 0      kind
 *   bytes 1-4   channel, u32 big endian
 *   bytes 5-12  offset, u64 big endian: position of the first payload byte in this channel and direction
 *   bytes 13-   payload
 */
export const FRAME_HEADER_BYTES = 13
/** Largest payload; a Durable Object sends at most `FRAME_MAX_PAYLOAD_SMALL`. */
export const FRAME_MAX_PAYLOAD = 65_536
export const FRAME_MAX_PAYLOAD_SMALL = 16_384

/** Terminal output and input, bodies of tunnelled requests, and what one viewer gets before live output. */
export const FRAME_KIND = { terminal_output: 1, terminal_input: 2, stream_data: 3, transfer_data: 4 } as const
export type FrameKind = (typeof FRAME_KIND)[keyof typeof FRAME_KIND]

export interface Frame {
  kind: FrameKind
  channel: number
  offset: number
  /** A view into the received buffer. */
  payload: Uint8Array
}

/** Why bytes are no frame. All but `unknown_kind` break the protocol: the link is closed with 4008. */
export type FrameProblem = 'too_short' | 'too_long' | 'offset_too_large' | 'bad_channel' | 'unknown_kind'

const KINDS: ReadonlySet<number> = new Set(Object.values(FRAME_KIND))

/**
 * Encodes one frame, into a fresh buffer or at the beginning of `into`, which has room for the largest one. Throws
 * RangeError when a field is out of range.
 */
export function encodeFrame(frame: Frame, into?: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { kind, channel, offset, payload } = frame
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError('frame offset out of range')
  if (!Number.isInteger(channel) || channel < 1 || channel > 0xffff_ffff) {
    throw new RangeError('frame channel out of range')
  }
  if (payload.length > FRAME_MAX_PAYLOAD) throw new RangeError('frame payload too long')
  const size = FRAME_HEADER_BYTES + payload.length
  const bytes = into ? into.subarray(0, size) : new Uint8Array(size)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  view.setUint8(0, kind)
  view.setUint32(1, channel)
  view.setUint32(5, Math.floor(offset / 0x1_0000_0000))
  view.setUint32(9, offset % 0x1_0000_0000)
  bytes.set(payload, FRAME_HEADER_BYTES)
  return bytes
}

/** Reads one frame; never throws. */
export function decodeFrame(bytes: Uint8Array): { frame: Frame } | { problem: FrameProblem } {
  if (bytes.length < FRAME_HEADER_BYTES) return { problem: 'too_short' }
  if (bytes.length > FRAME_HEADER_BYTES + FRAME_MAX_PAYLOAD) return { problem: 'too_long' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kind = view.getUint8(0)
  if (!KINDS.has(kind)) return { problem: 'unknown_kind' }
  const channel = view.getUint32(1)
  if (channel === 0) return { problem: 'bad_channel' }
  const offset = view.getUint32(5) * 0x1_0000_0000 + view.getUint32(9)
  if (offset > Number.MAX_SAFE_INTEGER) return { problem: 'offset_too_large' }
  return { frame: { kind: kind as FrameKind, channel, offset, payload: bytes.subarray(FRAME_HEADER_BYTES) } }
}
