import { encode } from '@pilot/protocol/envelope'
import { encodeFrame, FRAME_HEADER_BYTES, FRAME_KIND, FRAME_MAX_PAYLOAD } from '@pilot/protocol/frame'
import type { Lane } from './link-sender.ts'
import type { LinkOut, LiveOutput } from './live-output.ts'
import type { TerminalSource } from './source.ts'
import { TransferWindow } from './transfer-window.ts'

const READ_BYTES = 131_072
/** A viewer that says nothing for this long gets no more of its transfer. */
const ABANDON_MS = 60_000

export interface TransferOptions {
  channel: number
  source: Pick<TerminalSource, 'read'>
  live: LiveOutput
  out: LinkOut
  snapshot: Uint8Array
  /** Absolute offset of the first raw byte. */
  from: number
  /** Raw bytes from there that are at hand already. */
  raw: Uint8Array
  /** Called once, when the viewer has everything up to the live output's cursor, or cannot get there. */
  onEnd(): void
}

/**
 * What one viewer gets before the live output: the picture, then the raw output up to exactly where the live output
 * stands at that moment. Its own acknowledgements set its pace, so that on a slow way what others wait for is not behind
 * all of it. When the ring has outrun it, it ends where it is; the gap to the live output makes the hub ask its viewer
 * to attach again.
 */
export class Transfer implements Lane {
  readonly channel: number
  readonly #options: TransferOptions
  readonly #window = new TransferWindow()
  readonly #buffer = new Uint8Array(FRAME_HEADER_BYTES + FRAME_MAX_PAYLOAD)
  #snapshot: Uint8Array
  #raw: Uint8Array
  /** Absolute offset of the next raw byte to send. */
  #at: number
  #sent = 0
  #acked = 0
  #reading = false
  #over = false
  #stopWaiting: (() => void) | null = null
  #cancelTimer: () => void

  constructor(options: TransferOptions) {
    this.#options = options
    this.channel = options.channel
    this.#snapshot = options.snapshot
    this.#raw = options.raw
    this.#at = options.from
    this.#cancelTimer = this.#abandonLater()
  }

  /** To be called once `terminal.attached` is sent. */
  start(): void {
    this.#advance()
  }

  onAck(offset: number): void {
    if (offset <= this.#acked || offset > this.#sent) return
    this.#acked = offset
    this.#window.onAck(offset, this.#options.out.clock.now())
    this.#cancelTimer()
    this.#cancelTimer = this.#abandonLater()
    this.#options.live.alive()
    this.#advance()
  }

  /** Nothing more will come: ends where it is. */
  breakOff(): void {
    if (!this.#over) this.#end()
  }

  /** The viewer left, or the link is lost. */
  cancel(): void {
    this.#over = true
    this.#cancelTimer()
    this.#stopWaiting?.()
    this.#snapshot = this.#raw = new Uint8Array(0)
  }

  dueAt(now: number): number | null {
    return this.#over || this.#window.room <= 0 || this.#sendable() === 0 ? null : now
  }

  urgent(): boolean {
    return this.#sent === 0
  }

  sendOne(now: number): void {
    const size = Math.min(this.#options.out.maxFrame(), this.#window.piece, this.#window.room, this.#sendable())
    const drawing = this.#snapshot.length > 0
    const payload = (drawing ? this.#snapshot : this.#raw).subarray(0, size)
    if (drawing) this.#snapshot = this.#snapshot.subarray(payload.length)
    else {
      this.#raw = this.#raw.subarray(payload.length)
      this.#at += payload.length
    }
    const frame = { kind: FRAME_KIND.transfer_data, channel: this.channel, offset: this.#sent, payload }
    this.#sent += payload.length
    this.#options.out.frame(encodeFrame(frame, this.#buffer))
    this.#window.onSent(this.#sent, now)
    this.#advance()
  }

  /** Bytes at hand; raw ones only up to the live output's cursor. */
  #sendable(): number {
    if (this.#snapshot.length > 0) return this.#snapshot.length
    return Math.max(0, Math.min(this.#raw.length, this.#options.live.cursor - this.#at))
  }

  #advance(): void {
    if (this.#over) return
    const { live } = this.#options
    if (this.#snapshot.length === 0 && this.#at >= live.cursor) {
      this.#stopWaiting ??= live.waitFor(this.#at, () => this.#end())
      return
    }
    if (this.#sendable() === 0 && this.#window.room > 0) this.#read()
    this.#options.out.wake(this)
  }

  #read(): void {
    if (this.#reading) return
    this.#reading = true
    const max = Math.min(READ_BYTES, this.#options.live.cursor - this.#at)
    this.#options.source
      .read(this.#at, max)
      .then((bytes) => {
        this.#reading = false
        if (this.#over) return
        this.#raw = bytes
        if (bytes.length > 0) this.#advance()
        else this.#end()
      })
      // Gone from the ring, or the terminal's holder is gone: the transfer cannot be completed.
      .catch(() => {
        if (!this.#over) this.#end()
      })
  }

  #end(): void {
    const to = this.#at
    this.cancel()
    this.#options.out.text(encode({ type: 'terminal.transfer_end', channel: this.channel, to }))
    this.#options.onEnd()
    this.#options.live.onTransferEnd(to)
  }

  #abandonLater(): () => void {
    return this.#options.out.clock.after(ABANDON_MS, () => this.#end())
  }
}
