/**
 * What the process that holds a terminal and its clients say to each other over a unix socket. VERSION 1, FROZEN: a
 * newer daemon talks to holders that were started months ago, so what stands here is never changed. Additions are new
 * frame types or new keys of the JSON parts; whoever does not know a type or a key ignores it.
 *
 * A frame: u32 length of what follows (at most FRAME_MAX), u8 type, payload. Numbers are little endian; an offset is a
 * float64 that holds an integer below 2^53; text is UTF-8.
 *
 * From the holder (its hello comes first):
 *   1 hello          JSON {protocol, terminal_id, status, accepted: {writer: offset}}
 *   2 output         offset, bytes                      in order; a jump of the offset means that bytes were lost.
 *                                                       Without bytes it tells the jump alone
 *   3 size           offset, u16 cols, u16 rows         in order with output
 *   4 accepted       offset, writer                     the program's side took this writer's bytes up to here
 *   5 status         JSON status                        after every change
 *   6 bell
 *   7 checkpoint wanted
 *   8 read answer    u32 request, offset, bytes
 *   9 read refused   u32 request, offset                oldest byte that is kept
 *  10 basis answer   u32 request, u32 length of JSON, JSON {offset, cols, rows, sizes, approximate}, snapshot
 *  11 end answer     u32 request, u8 gone
 *  12 position       offset of the oldest byte, offset of the end    now and then, to those who do not follow
 *  13 withdrawn      u32 request, offset                the writer's accepted count, with nothing of it waiting
 * From the client:
 *   1 hello          JSON {protocol, role}
 *   2 follow         offset
 *   3 unfollow
 *   4 credit         offset
 *   5 hold           offset, negative for none
 *   6 input          offset, u16 length of writer, writer, bytes
 *   7 resize         u16 cols, u16 rows
 *   8 checkpoint     offset, u16 cols, u16 rows, snapshot
 *   9 redraw
 *  10 end            u32 request, u8 force, u32 milliseconds
 *  11 dismiss
 *  12 read           u32 request, offset, u32 max
 *  13 basis          u32 request
 *  14 goodbye                                           the client leaves by itself
 *  15 withdraw       u32 request, writer                drops what waits of a writer; what is being written counts
 *
 * Answers come in the order of what happened: every count that was accepted before a question was read is told before
 * its answer.
 */
import { FRAME_MAX } from './limits.ts'

export const HOST_FRAME = {
  hello: 1,
  output: 2,
  size: 3,
  accepted: 4,
  status: 5,
  bell: 6,
  checkpointWanted: 7,
  readAnswer: 8,
  readRefused: 9,
  basisAnswer: 10,
  endAnswer: 11,
  position: 12,
  withdrawn: 13,
} as const

export const CLIENT_FRAME = {
  hello: 1,
  follow: 2,
  unfollow: 3,
  credit: 4,
  hold: 5,
  input: 6,
  resize: 7,
  checkpoint: 8,
  redraw: 9,
  end: 10,
  dismiss: 11,
  read: 12,
  basis: 13,
  goodbye: 14,
  withdraw: 15,
} as const

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const HEADER = 5

/** Writes one frame; parts come in the order in which they are read. */
export class FrameWriter {
  readonly frame: Uint8Array
  readonly #view: DataView
  #at = HEADER

  /** `room` is memory for the whole frame that may be overwritten. */
  constructor(type: number, payloadLength: number, room?: Uint8Array) {
    const length = HEADER + payloadLength
    this.frame = room ? room.subarray(0, length) : new Uint8Array(length)
    this.#view = new DataView(this.frame.buffer, this.frame.byteOffset, length)
    this.#view.setUint32(0, 1 + payloadLength, true)
    this.#view.setUint8(4, type)
  }

  u8(value: number): this {
    this.#view.setUint8(this.#at, value)
    this.#at += 1
    return this
  }

  u16(value: number): this {
    this.#view.setUint16(this.#at, value, true)
    this.#at += 2
    return this
  }

  u32(value: number): this {
    this.#view.setUint32(this.#at, value, true)
    this.#at += 4
    return this
  }

  offset(value: number): this {
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
    return this
  }

  bytes(value: Uint8Array): this {
    this.frame.set(value, this.#at)
    this.#at += value.length
    return this
  }

  /** Where the next part goes, for whoever fills it without a copy of its own. */
  get position(): number {
    return this.#at
  }
}

export const jsonFrame = (type: number, value: unknown) => {
  const json = encoder.encode(JSON.stringify(value))
  return new FrameWriter(type, json.length).bytes(json).frame
}

export const emptyFrame = (type: number) => new FrameWriter(type, 0).frame

export const encodeText = (text: string) => encoder.encode(text)
export const decodeText = (bytes: Uint8Array) => decoder.decode(bytes)

/** Reads the parts of a payload. Throws RangeError past its end and for an offset that is none. */
export class FrameReader {
  readonly #view: DataView
  #at = 0

  constructor(readonly payload: Uint8Array) {
    this.#view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  }

  u8(): number {
    this.#at += 1
    return this.#view.getUint8(this.#at - 1)
  }

  u16(): number {
    this.#at += 2
    return this.#view.getUint16(this.#at - 2, true)
  }

  u32(): number {
    this.#at += 4
    return this.#view.getUint32(this.#at - 4, true)
  }

  offset(): number {
    const value = this.signed()
    if (value < 0) throw new RangeError('not an offset')
    return value
  }

  /** An offset, or a negative number where the frame says that this means none. */
  signed(): number {
    this.#at += 8
    const value = this.#view.getFloat64(this.#at - 8, true)
    if (!Number.isSafeInteger(value)) throw new RangeError('not an offset')
    return value
  }

  bytes(length: number): Uint8Array {
    if (this.#at + length > this.payload.length) throw new RangeError('frame too short')
    this.#at += length
    return this.payload.subarray(this.#at - length, this.#at)
  }

  rest(): Uint8Array {
    return this.bytes(this.payload.length - this.#at)
  }

  json(length = this.payload.length - this.#at): unknown {
    return JSON.parse(decodeText(this.bytes(length)))
  }
}

/**
 * Cuts a byte stream into frames. A payload is a view of a received chunk, or of a copy when it was cut. `push` is false,
 * for ever, once a frame was larger than allowed: the stream cannot be read any further.
 */
export class FrameDecoder {
  /** Chunks that do not hold a whole frame together. */
  #parts: Uint8Array[] = []
  #have = 0
  #broken = false

  constructor(
    private readonly onFrame: (type: number, payload: Uint8Array) => void,
    private readonly max: number = FRAME_MAX,
  ) {}

  push(chunk: Uint8Array): boolean {
    if (this.#broken) return false
    let data = chunk
    if (this.#parts.length > 0) {
      this.#parts.push(chunk)
      this.#have += chunk.length
      if (this.#have < 4 || this.#have < 4 + this.#length(this.#head())) return true
      data = this.#head(this.#have)
    }
    let at = 0
    while (data.length - at >= HEADER) {
      const length = this.#length(data.subarray(at, at + 4))
      if (this.#broken) break
      if (data.length - at < 4 + length) break
      this.onFrame(data[at + 4] ?? 0, data.subarray(at + HEADER, at + 4 + length))
      at += 4 + length
    }
    this.#parts = this.#broken || at === data.length ? [] : [data.slice(at)]
    this.#have = data.length - at
    return !this.#broken
  }

  #length(bytes: Uint8Array): number {
    const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
    if (length < 1 || length > this.max) this.#broken = true
    return this.#broken ? 0 : length
  }

  /** The first bytes of what was kept. */
  #head(length = 4): Uint8Array {
    const head = new Uint8Array(length)
    let at = 0
    for (const part of this.#parts) {
      if (at === length) break
      const taken = part.subarray(0, length - at)
      head.set(taken, at)
      at += taken.length
    }
    return head
  }
}
