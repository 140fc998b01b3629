import { type Clock, systemClock } from '@pilot/protocol/link/clock'
import { INPUT_FRAME_MAX, INPUT_WINDOW } from '@pilot/protocol/terminal/model'
import { displayText } from './display-text.ts'
import { PasteText } from './paste.ts'

/** Input that was not accepted goes on by itself after a reconnect when it is younger than this, in ms. */
export const FRESH_MS = 5_000
/** Typing that waits to be sent, in bytes; more is refused. */
export const TYPED_MAX = 65_536
/** A paste leaves this much of the window to the keyboard, so that it can be interrupted. */
const KEYS_RESERVE = 16_384
/** Waiting is told after this long, and the connection is asked for a sign of life after that, in ms. */
const WAITING_MS = 500
const PROBE_MS = 2_000
/** Without progress for this long on a living connection the machine is asked where it stands; then ever more rarely. */
const STALL_MS = 10_000
const STALL_DOUBLINGS = 5
const PASTES_MAX = 16
/** What is shown of unsent input, in bytes. */
const PREVIEW_BYTES = 2_000
const CTRL_C = 3

const encoder = new TextEncoder()

interface Chunk {
  bytes: Uint8Array
  /** When it was typed, and when it was sent, ms since the epoch. */
  at: number
  sentAt: number
}

export interface InputOptions {
  /** False when the link is down. */
  send(channel: number, offset: number, bytes: Uint8Array): boolean
  /** What `view` gives has changed. */
  changed(): void
  /** Input stays unaccepted for long: is the connection alive? */
  probe(): void
  /** Nothing is accepted: the program may not read, or bytes were refused for want of room. An attach tells which. */
  stalled(): void
  clock?: Clock
}

export interface InputView {
  unsent: { bytes: number; text: string } | null
  paste: { sent: number; total: number } | null
  waiting_since: number | null
}

/**
 * What was typed into one terminal, until the program's side has taken it. Nothing is sent twice: after a lost
 * connection it goes on from exactly where the machine says that it stands.
 *
 *   again (sent into a lost connection) ─▶ typed ─▶ pastes ─▶ flight (sent, not accepted) ─▶ accepted
 *
 * While `held`, nothing is under way and nothing is sent: it waits for the user's decision, in order, with what is typed meanwhile behind it.
 */
export class TerminalInput {
  readonly #options: InputOptions
  readonly #clock: Clock
  #channel: number | null = null
  #epoch: string | null = null
  #writable = true
  /** Accepted so far: the offset of the first byte of `flight`. Null before the first attach. */
  #base: number | null = null
  #flight: Chunk[] = []
  #flightBytes = 0
  #again: Chunk[] = []
  #typed: Chunk[] = []
  #typedBytes = 0
  #pastes: PasteText[] = []
  /** Pastes of which something was sent; they leave once their last byte is accepted. */
  #begun: PasteText[] = []
  #held = false
  #shownWaiting: number | null = null
  /** When the last byte was accepted or the channel began, and how often nothing happened since. */
  #progressAt = 0
  #stalls = 0
  /** When the head of `flight` was sent that was last probed for. */
  #probedFor: number | null = null
  #cancelTimer: (() => void) | null = null

  constructor(options: InputOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  view(): InputView {
    const pastes = this.#held ? [] : this.#pastes
    return {
      unsent: this.#held ? this.#unsent() : null,
      paste: pastes.length === 0 ? null : { sent: sum(pastes, (p) => p.sent), total: sum(pastes, (p) => p.total) },
      waiting_since: this.#shownWaiting,
    }
  }

  /** Takes what was typed; false when it may not be typed or too much waits already. Ctrl-C ends a paste first. */
  type(data: string | Uint8Array): boolean {
    if (!this.#writable) return false
    const bytes = typeof data === 'string' ? encoder.encode(data) : data.slice()
    if (bytes.length === 0) return true
    const room = this.#flowing() ? INPUT_WINDOW - this.#flightBytes : 0
    if (this.#typedBytes + bytes.length > TYPED_MAX + room) return false
    if (bytes.includes(CTRL_C)) this.#dropPastes()
    this.#append(bytes)
    this.#flush()
    return true
  }

  /** Takes a long text, sent as it is accepted; false when it may not be typed or too many wait already. */
  paste(text: string, around: { prefix?: string; suffix?: string } = {}): boolean {
    if (!this.#writable || this.#pastes.length >= PASTES_MAX) return false
    this.#pastes.push(new PasteText(text, around.prefix ?? '', around.suffix ?? '', this.#clock.now()))
    this.#flush()
    return true
  }

  /** Drops what was not sent of all pastes; one that has begun still gets its suffix. */
  stopPaste(): void {
    this.#dropPastes()
    this.#flush()
  }

  /**
   * Goes on with the channel of a new attach. `accepted` is exact. What waits is sent when it is young; with anything
   * older in it, for another program, or while it may not be typed, all of it waits for the user. `unbroken`: the
   * connection was there all the time, so age does not matter.
   */
  attached(to: {
    channel: number | null
    accepted: number
    epoch: string
    writable: boolean
    unbroken?: boolean
  }): void {
    const { channel, accepted, epoch, writable, unbroken = false } = to
    this.#progressAt = this.#clock.now()
    const known = this.#base !== null && this.#epoch === epoch && accepted >= this.#base
    if (known) this.#accept(accepted)
    this.#again.unshift(...this.#flight)
    this.#flight = []
    this.#flightBytes = 0
    const anew = this.#base !== null && !known
    if (anew) this.#begun = []
    this.#base = accepted
    this.#epoch = epoch
    this.#channel = channel
    this.#writable = writable
    const oldest = Math.min(...[...this.#again, ...this.#typed, ...this.#pastes].map(({ at }) => at))
    const waits = oldest !== Number.POSITIVE_INFINITY
    if (waits && (anew || !writable || (!unbroken && this.#clock.now() - oldest > FRESH_MS))) this.#held = true
    this.#flush()
  }

  /**
   * Another program is there, or about to be: what is typed from now on is for that one. Whatever still waits was for the
   * one before, and then all of it waits for the user.
   */
  renew(): void {
    this.detached()
    if (this.undecided || this.#waits()) return
    this.#base = null
    this.#epoch = null
    this.#begun = []
  }

  /** The channel is gone; what was sent into it and not accepted may have arrived or not. */
  detached(): void {
    // Pastes that flowed until now are as young as the break.
    if (this.#flowing()) for (const paste of this.#pastes) paste.at = this.#clock.now()
    this.#channel = null
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  /** `terminal.input_ack` of this attach's channel. */
  acked(channel: number, offset: number): void {
    if (channel !== this.#channel) return
    this.#accept(offset)
    this.#flush()
  }

  /** True while there is input under way: a change of `writable` leaves bytes whose fate only a new attach can tell. */
  get undecided(): boolean {
    return this.#flightBytes > 0
  }

  setWritable(writable: boolean): void {
    this.#writable = writable
    // Nothing is held while older bytes are undecided: the next attach tells of all of them.
    if (!writable && this.#waits() && !this.undecided) this.#held = true
    this.#flush()
  }

  sendUnsent(): void {
    if (!this.#held || !this.#writable) return
    this.#held = false
    const at = this.#clock.now()
    for (const one of [...this.#again, ...this.#typed, ...this.#pastes]) one.at = at
    this.#flush()
  }

  /**
   * Drops what waits for the user. Whoever had received some of it may still count it: the next attach is under another
   * writer's name, whose count begins anew. False when nothing waited.
   */
  discardUnsent(): boolean {
    if (!this.#held) return false
    this.detached()
    this.#held = false
    this.#again = []
    this.#typed = []
    this.#typedBytes = 0
    this.#pastes = []
    const cut = this.#begun.find((paste) => paste.start < (this.#base ?? 0))
    this.#begun = []
    this.#base = null
    if (cut?.suffix) this.#append(encoder.encode(cut.suffix))
    this.#flush()
    return true
  }

  close(): void {
    this.#channel = null
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  #waits(): boolean {
    return this.#again.length > 0 || this.#typed.length > 0 || this.#pastes.length > 0
  }

  #flowing(): boolean {
    return this.#channel !== null && this.#writable && !this.#held
  }

  #append(bytes: Uint8Array): void {
    this.#typedBytes += bytes.length
    const last = this.#typed.at(-1)
    if (last && last.bytes.length + bytes.length <= INPUT_FRAME_MAX) {
      const joined = new Uint8Array(last.bytes.length + bytes.length)
      joined.set(last.bytes)
      joined.set(bytes, last.bytes.length)
      last.bytes = joined
    } else this.#typed.push({ bytes, at: this.#clock.now(), sentAt: 0 })
  }

  #dropPastes(): void {
    const open = this.#pastes.find((paste) => this.#begun.includes(paste))
    this.#pastes = []
    if (!open?.suffix) return
    const bytes = encoder.encode(open.suffix)
    // The suffix comes right after everything that was sent.
    const sent = this.#flightBytes + sum(this.#again, (chunk) => chunk.bytes.length)
    open.end = (this.#base ?? 0) + sent + bytes.length
    this.#typed.unshift({ bytes, at: this.#clock.now(), sentAt: 0 })
    this.#typedBytes += bytes.length
  }

  #accept(offset: number): void {
    let left = Math.min(offset - (this.#base ?? offset), this.#flightBytes)
    if (left <= 0) return
    this.#base = (this.#base ?? 0) + left
    this.#flightBytes -= left
    this.#progressAt = this.#clock.now()
    this.#stalls = 0
    for (let head = this.#flight[0]; head && left > 0; head = this.#flight[0]) {
      if (head.bytes.length > left) {
        head.bytes = head.bytes.subarray(left)
        break
      }
      left -= head.bytes.length
      this.#flight.shift()
    }
    const base = this.#base
    this.#begun = this.#begun.filter(({ end }) => end === null || end > base)
  }

  #flush(): void {
    while (this.#flowing() && this.#sendNext()) {
      // Everything that fits into the window goes at once.
    }
    this.#watchWaiting()
    this.#options.changed()
  }

  /** Sends one frame of what comes next; false when there is nothing or no room. */
  #sendNext(): boolean {
    const room = Math.min(INPUT_FRAME_MAX, INPUT_WINDOW - this.#flightBytes)
    if (room <= 0) return false
    const list = this.#again.length > 0 ? this.#again : this.#typed
    const head = list[0]
    if (head) {
      const bytes = head.bytes.subarray(0, room)
      if (bytes.length === head.bytes.length) list.shift()
      else head.bytes = head.bytes.subarray(room)
      if (list === this.#typed) this.#typedBytes -= bytes.length
      return this.#send(bytes, head.at, head.sentAt || this.#clock.now())
    }
    const paste = this.#pastes[0]
    if (!paste) return false
    if (this.#flightBytes + INPUT_FRAME_MAX > INPUT_WINDOW - KEYS_RESERVE) return false
    if (!this.#begun.includes(paste)) {
      paste.start = (this.#base ?? 0) + this.#flightBytes
      this.#begun.push(paste)
    }
    const bytes = paste.next(INPUT_FRAME_MAX)
    if (paste.done) {
      this.#pastes.shift()
      paste.end = (this.#base ?? 0) + this.#flightBytes + bytes.length
    }
    return bytes.length === 0 || this.#send(bytes, this.#clock.now(), this.#clock.now())
  }

  #send(bytes: Uint8Array, at: number, sentAt: number): boolean {
    const { base, channel } = { base: this.#base, channel: this.#channel }
    if (base === null || channel === null) return false
    const offset = base + this.#flightBytes
    if (this.#flightBytes === 0) this.#progressAt = this.#clock.now()
    this.#flight.push({ bytes, at, sentAt })
    this.#flightBytes += bytes.length
    if (this.#options.send(channel, offset, bytes)) return true
    this.detached()
    return false
  }

  #watchWaiting(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    const head = this.#flight[0]
    if (!head) {
      this.#shownWaiting = null
      return
    }
    const age = this.#clock.now() - head.sentAt
    this.#shownWaiting = age >= WAITING_MS ? head.sentAt : null
    if (this.#channel === null) return
    if (age >= PROBE_MS && this.#probedFor !== head.sentAt) {
      this.#probedFor = head.sentAt
      this.#options.probe()
    }
    const stallIn = this.#progressAt + STALL_MS * 2 ** Math.min(this.#stalls, STALL_DOUBLINGS) - this.#clock.now()
    if (stallIn <= 0) {
      this.#stalls += 1
      this.#options.stalled()
      return
    }
    const next = age < WAITING_MS ? WAITING_MS - age : age < PROBE_MS ? PROBE_MS - age : stallIn
    this.#cancelTimer = this.#clock.after(Math.min(next, stallIn), () => {
      this.#watchWaiting()
      this.#options.changed()
    })
  }

  #unsent(): { bytes: number; text: string } {
    const chunks = [...this.#again, ...this.#typed]
    const bytes = sum(chunks, (chunk) => chunk.bytes.length) + sum(this.#pastes, (paste) => paste.restBytes())
    const parts = [...chunks.map((chunk) => chunk.bytes), ...this.#pastes.map((paste) => paste.peek(PREVIEW_BYTES))]
    return { bytes, text: displayText(parts, PREVIEW_BYTES) }
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
