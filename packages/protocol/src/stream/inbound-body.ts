import type { PilotError } from '@pilot/domain/errors'

/** Small frames are joined once this many wait, so that a byte in the queue never costs more than a few bytes. */
const MAX_QUEUED_CHUNKS = 256

/** What `receive` found: `gap` and `overrun` break the protocol and end the stream. */
export type Received = 'ok' | 'gap' | 'overrun'

/**
 * The receiving half of one direction: a ReadableStream that holds at most `window` bytes. Credit goes back to the
 * sender when the reader took the bytes, not when they arrived.
 */
export class InboundBody {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly #window: number
  readonly #onCredit: (bytes: number) => void
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null
  #queue: Uint8Array[] = []
  #received = 0
  #consumed = 0
  #granted: number
  #wanted = false
  #state: 'open' | 'ended' | 'closed' = 'open'

  constructor(options: { window: number; onCredit: (bytes: number) => void; onCancel: () => void }) {
    this.#window = options.window
    this.#granted = options.window
    this.#onCredit = options.onCredit
    this.stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#pull(),
        cancel: () => {
          const live = this.#state === 'open'
          this.#drop()
          if (live) options.onCancel()
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** Bytes that wait for the reader. */
  get buffered(): number {
    return this.#received - this.#consumed
  }

  /** Takes one frame; what was received before is trimmed. */
  receive(offset: number, payload: Uint8Array): Received {
    if (this.#state !== 'open') return 'ok'
    if (offset > this.#received) return 'gap'
    const fresh = payload.subarray(Math.min(payload.length, this.#received - offset))
    if (fresh.length === 0) return 'ok'
    if (this.#received + fresh.length > this.#granted) return 'overrun'
    this.#received += fresh.length
    this.#queue.push(fresh)
    if (this.#queue.length > MAX_QUEUED_CHUNKS) this.#queue = [join(this.#queue)]
    if (this.#wanted) this.#pull()
    return 'ok'
  }

  /** The sender is done. False when its byte count is not ours: then the body fails instead. */
  end(bytes: number): boolean {
    if (this.#state !== 'open') return true
    if (bytes !== this.#received) return false
    this.#state = 'ended'
    if (this.#wanted) this.#pull()
    return true
  }

  /** The reader gets `error` once it asks for more; what was not read yet is dropped. */
  fail(error: PilotError): void {
    if (this.#state === 'closed') return
    if (this.#state === 'ended') return
    this.#drop()
    this.#controller?.error(error)
  }

  #pull(): void {
    this.#wanted = false
    const chunk = this.#queue.shift()
    if (chunk) {
      this.#consumed += chunk.length
      this.#controller?.enqueue(chunk as Uint8Array<ArrayBuffer>)
      this.#refill()
    } else if (this.#state === 'ended') {
      this.#state = 'closed'
      this.#controller?.close()
    } else {
      this.#wanted = true
    }
  }

  #refill(): void {
    if (this.#state !== 'open') return
    const outstanding = this.#granted - this.#consumed
    if (outstanding > this.#window / 2) return
    this.#granted += this.#window - outstanding
    this.#onCredit(this.#window - outstanding)
  }

  #drop(): void {
    this.#state = 'closed'
    this.#queue = []
    this.#consumed = this.#received
  }
}

function join(chunks: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
