import { Gate } from './gate.ts'
import { announceInput, isHungUp, readable, readInto, readPackets } from './libc.ts'
import type { TerminalReader, TerminalReaderOptions } from './terminal-reader.ts'

/** Bytes that are read at once at most before they are passed on, and others have their turn. */
const TURN = 65_536
/** Where so many came at once more will: the system gives 4 KiB at most, and would signal each of them. */
const BULK = 4_000
/** What a packet begins with: data follows, or something happened; see ioctl_tty(2). */
const DATA = 0
const OUTPUT_DROPPED = 2

/**
 * Reads a terminal when the system signals that something is there. Not a byte is read that is not wanted: what nobody
 * has taken yet stays with the system, which drops it at Ctrl-C, all but a piece of 4 KiB, which is dropped here. One to
 * a process: the signal does not say whose.
 */
export class SignalReader extends Gate implements TerminalReader {
  readonly #options: TerminalReaderOptions
  /** One byte more, for what a packet begins with. */
  readonly #buffer = new Uint8Array(TURN + 1)
  #taking = false
  #closed = false
  #next: ReturnType<typeof setImmediate> | null = null
  /** So many of the bytes that come next were there before the last input. */
  #before = 0
  /** The system dropped what followed them, so they go, too. */
  #dropping = false
  /** The system signals what comes. */
  #announced = true

  /** Null where the system does not signal: macOS has no such thing for a terminal's near side. */
  static start(options: TerminalReaderOptions): SignalReader | null {
    if (process.platform !== 'linux') return null
    const reader = new SignalReader(options)
    // For good: without it a signal that is still on its way would end the process.
    process.on('SIGIO', () => reader.#read())
    if (!announceInput(options.descriptor, process.pid)) return null
    if (!readPackets(options.descriptor)) throw new Error('the terminal does not tell what it drops')
    // What came before was not announced.
    reader.#readNext()
    return reader
  }

  private constructor(options: TerminalReaderOptions) {
    super()
    this.#options = options
  }

  override release(): void {
    super.release()
    this.#read()
  }

  close(): void {
    this.#closed = true
    super.release()
    if (this.#next) clearImmediate(this.#next)
  }

  beforeInput(): void {
    // What an earlier input left comes first: the system may have dropped something for that one.
    if (!this.released || this.#before > 0) return
    // That something was dropped may not have been read yet: what came since is there to stay. No data is read by this.
    readInto(this.#options.descriptor, this.#buffer, 0, 1)
    this.#before = readable(this.#options.descriptor)
  }

  isAtEnd(): boolean {
    if (this.#closed) return true
    return !(this.#take() || this.released) && isHungUp(this.#options.descriptor)
  }

  #read(): void {
    if (this.#next) return
    let more = this.#take()
    if (more) this.#announce(false)
    else if (!this.#announced && !this.#closed && !this.released) {
      this.#announce(true)
      // What came before was not announced.
      more = this.#take()
    }
    if (more) this.#readNext()
  }

  #announce(on: boolean): void {
    if (this.#announced !== on) announceInput(this.#options.descriptor, on ? process.pid : null)
    this.#announced = on
  }

  #readNext(): void {
    this.#next = setImmediate(() => {
      this.#next = null
      this.#read()
    })
  }

  /** Passes on until there is nothing, or too much for a turn. True when more is likely to be there soon. */
  #take(): boolean {
    // A hold may end while its cause is still being told.
    if (this.#taking) return false
    this.#taking = true
    try {
      for (let left = TURN; left > 0; ) {
        if (this.released || this.#closed) return false
        const count = this.#fill(Math.min(left, this.#options.room()))
        if (count === 0) return TURN - left >= BULK
        this.#options.onData(this.#buffer.subarray(1, 1 + count))
        left -= count
      }
      return true
    } finally {
      this.#taking = false
    }
  }

  /** Reads up to `wanted` bytes, from 1 on in the buffer: a terminal gives little at once, so it is asked again. */
  #fill(wanted: number): number {
    const buffer = this.#buffer
    let count = 0
    while (count < wanted) {
      const max = this.#dropping ? Math.min(this.#before, TURN - count) : wanted - count
      // What a packet begins with takes the place of the byte before.
      const last = buffer[count] ?? 0
      const taken = readInto(this.#options.descriptor, buffer, count, max + 1) - 1
      const kind = buffer[count] ?? DATA
      buffer[count] = last
      if (taken < 0) break
      if (kind === DATA) {
        if (!this.#dropping) count += taken
        this.#before = Math.max(0, this.#before - taken)
      } else if (kind & OUTPUT_DROPPED) this.#dropping = true
      this.#dropping &&= this.#before > 0
    }
    return count
  }
}
