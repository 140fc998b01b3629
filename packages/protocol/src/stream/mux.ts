import { type ErrorCode, PilotError } from '@pilot/domain/errors'
import type { Outgoing } from '../envelope.ts'
import { encodeFrame, FRAME_HEADER_BYTES, FRAME_KIND, FRAME_MAX_PAYLOAD, type Frame } from '../frame.ts'
import type { Clock } from '../link/clock.ts'
import type { StreamCreditMessage } from '../messages/stream-credit.ts'
import type { StreamEndMessage } from '../messages/stream-end.ts'
import type { StreamHeadMessage } from '../messages/stream-head.ts'
import type { StreamOpenMessage } from '../messages/stream-open.ts'
import type { StreamResetMessage } from '../messages/stream-reset.ts'
import { AcceptedStream } from './accepted-stream.ts'
import { OpenedStream } from './opened-stream.ts'

export type StreamMessage =
  | StreamOpenMessage
  | StreamHeadMessage
  | StreamCreditMessage
  | StreamEndMessage
  | StreamResetMessage

/** Who asks for what, beside the request itself. `owner` names whom the opener answers to and does not cross the link. */
export type StreamMeta = Pick<StreamOpenMessage, 'workspace_id' | 'generation' | 'actor'> & {
  request_id: string
  owner?: string
}
export type StreamHandler = (request: Request, meta: StreamMeta) => Promise<Response>

export interface MuxOptions {
  /** The hub opens even channels, the runtime odd ones. */
  parity: 'even' | 'odd'
  sendMessage(message: Outgoing<StreamMessage>): void
  sendFrame(bytes: Uint8Array<ArrayBuffer>): void
  /** True when the socket has its own copy once `sendFrame` returns: then one buffer serves every frame. */
  sendCopies?: boolean
  /** Returns a promise while the socket holds enough bytes. */
  pace?: () => Promise<void> | undefined
  /** Answers streams that the peer opens; without it they are refused. */
  handler?: StreamHandler
  clock: Clock
  maxFrame?: number
  /** Credit per direction and stream, bytes. */
  window?: number
  maxStreams?: number
  /** Without traffic on the stream for this long before its head: RUNTIME_TIMEOUT. */
  headTimeoutMs?: number
}

export const STREAM_WINDOW = 262_144
export const MAX_STREAMS = 256
const HEAD_TIMEOUT_MS = 60_000

/** What a stream needs of its multiplexer. */
export interface StreamContext {
  readonly clock: Clock
  readonly window: number
  readonly headTimeoutMs: number
  send(message: Outgoing<StreamMessage>): void
  sendData(channel: number, offset: number, payload: Uint8Array): void
  maxFrame(): number
  pace(): Promise<void> | undefined
  /** Forgets the channel; nothing for it is looked at any more. */
  remove(channel: number): void
}

/** One live stream as the multiplexer sees it. None of these throws. */
export interface MuxStream {
  onHead(message: StreamHeadMessage): void
  onCredit(bytes: number): void
  onEnd(bytes: number): void
  onData(offset: number, payload: Uint8Array): void
  /** The stream is over, incomplete; says nothing to the peer. */
  abandon(error: PilotError): void
  /** Whom a stream of ours was opened for. */
  readonly owner?: string | undefined
  /** Ends it as if its reader had left; the peer is told. */
  cancel?(): void
}

/**
 * HTTP requests over one link, streaming both ways with credit. It belongs to one connection: when that is lost,
 * `close` settles every stream and the multiplexer is thrown away.
 *
 *   opener                             acceptor
 *   stream.open ────────────────────▶  handler(Request)
 *   data ⇄ credit … stream.end ─────▶  request body
 *   ◀──────────────────── stream.head  status, headers
 *   ◀──── data ⇄ credit … stream.end   response body; its end is the end of the stream
 *   stream.reset from either side at any time: over, incomplete
 */
export class StreamMux {
  readonly #options: MuxOptions
  readonly #streams = new Map<number, MuxStream>()
  readonly #context: StreamContext
  readonly #maxStreams: number
  #maxFrame: number
  #next: number
  #lastAccepted = 0
  #closed: PilotError | null = null

  constructor(options: MuxOptions) {
    this.#options = options
    this.#maxStreams = options.maxStreams ?? MAX_STREAMS
    this.#maxFrame = options.maxFrame ?? FRAME_MAX_PAYLOAD
    this.#next = options.parity === 'even' ? 2 : 1
    const buffer = options.sendCopies ? new Uint8Array(FRAME_HEADER_BYTES + FRAME_MAX_PAYLOAD) : undefined
    this.#context = {
      clock: options.clock,
      window: options.window ?? STREAM_WINDOW,
      headTimeoutMs: options.headTimeoutMs ?? HEAD_TIMEOUT_MS,
      send: (message) => {
        if (!this.#closed) options.sendMessage(message)
      },
      sendData: (channel, offset, payload) => {
        const frame = { kind: FRAME_KIND.stream_data, channel, offset, payload }
        if (!this.#closed) options.sendFrame(encodeFrame(frame, buffer))
      },
      maxFrame: () => this.#maxFrame,
      pace: () => options.pace?.(),
      remove: (channel) => {
        this.#streams.delete(channel)
      },
    }
  }

  /** Streams that are not settled. */
  get size(): number {
    return this.#streams.size
  }

  /** Takes over the frame size that the peer can take. */
  limitFrames(bytes: number): void {
    this.#maxFrame = Math.max(1, Math.min(bytes, FRAME_MAX_PAYLOAD))
  }

  /**
   * Sends a request; resolves with the answer's head, its body streams. `path` replaces the request's own URL. Throws
   * PilotError: the code of a reset, RUNTIME_OFFLINE when the link goes first, RUNTIME_TIMEOUT, CANCELLED when
   * `request.signal` fires, RATE_LIMITED above the stream limit.
   */
  async open(request: Request, path: string, meta: StreamMeta): Promise<Response> {
    if (this.#closed) throw this.#closed
    if (this.#streams.size >= this.#maxStreams) {
      throw new PilotError('RATE_LIMITED', 'Too many requests to this machine at once. Try again in a moment.')
    }
    const channel = this.#next
    if (channel > 0xffff_ffff) throw new PilotError('RUNTIME_OFFLINE')
    this.#next += 2
    const stream = new OpenedStream(this.#context, channel, request, meta.owner)
    this.#streams.set(channel, stream)
    return stream.start(path, meta)
  }

  /** Ends every stream that was opened for `owner`: whoever reads its answer finds it broken off. */
  cancelOf(owner: string): void {
    for (const stream of [...this.#streams.values()]) if (stream.owner === owner) stream.cancel?.()
  }

  /** Takes a stream message of the peer. Messages about streams that are over are ignored. */
  receive(message: StreamMessage): void {
    if (this.#closed) return
    if (message.type === 'stream.open') {
      this.#accept(message)
      return
    }
    const stream = this.#streams.get(message.channel)
    if (!stream) return
    switch (message.type) {
      case 'stream.head':
        stream.onHead(message)
        break
      case 'stream.credit':
        stream.onCredit(message.bytes)
        break
      case 'stream.end':
        stream.onEnd(message.bytes)
        break
      case 'stream.reset':
        this.#streams.delete(message.channel)
        stream.abandon(new PilotError(message.code, message.message))
        break
    }
  }

  /** Takes a data frame of the peer. */
  receiveFrame(frame: Frame): void {
    if (this.#closed || frame.kind !== FRAME_KIND.stream_data) return
    this.#streams.get(frame.channel)?.onData(frame.offset, frame.payload)
  }

  /** The link is lost: every stream settles with `code`. */
  close(code: ErrorCode = 'RUNTIME_OFFLINE'): void {
    if (this.#closed) return
    this.#closed = new PilotError(code)
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    for (const stream of streams) stream.abandon(new PilotError(code))
  }

  #accept(message: StreamOpenMessage): void {
    const { channel } = message
    const foreign = channel % 2 === (this.#options.parity === 'even' ? 1 : 0)
    if (!foreign || channel <= this.#lastAccepted) {
      // A channel that was used before may belong to a live stream of ours: it is left alone.
      if (!this.#streams.has(channel)) this.#reset(channel, 'VALIDATION_FAILED')
      return
    }
    this.#lastAccepted = channel
    const { handler } = this.#options
    if (!handler || this.#streams.size >= this.#maxStreams) {
      this.#reset(channel, handler ? 'RATE_LIMITED' : 'CAPABILITY_UNSUPPORTED')
      return
    }
    const stream = new AcceptedStream(this.#context, message)
    this.#streams.set(channel, stream)
    // `serve` settles by itself, whatever the handler does.
    void stream.serve(handler)
  }

  #reset(channel: number, code: ErrorCode): void {
    this.#context.send({ type: 'stream.reset', channel, code })
  }
}
