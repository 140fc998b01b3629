import { FRAME_KIND, type Frame } from '@pilot/protocol/frame'
import { type Clock, systemClock } from '@pilot/protocol/link/clock'
import type { TerminalAttachedMessage } from '@pilot/protocol/messages/terminal-attached'
import { wholeCharacters } from '@pilot/protocol/terminal/characters'
import {
  ACK_AFTER_MS,
  ACK_EARLY_BYTES,
  ACK_EVERY_BYTES,
  ACK_PAUSE_MS,
  ACKS_EARLY,
  type OutputPosition,
  type SizeAt,
} from '@pilot/protocol/terminal/model'
import type { TerminalScreen } from './port.ts'

/** Output that waits for the emulator before a size change; more than this means that nobody paces it. */
const QUEUE_MAX_BYTES = 4 * 1_048_576
const SIZES_MAX = 2_000

export interface OutputOptions {
  sendAck(channel: number, offset: number): void
  /** What came does not join what was there: the terminal has to be attached again. */
  broken(): void
  clock?: Clock
}

/** Acknowledgements of one channel; `parsed` and `acked` are offsets in it. */
interface Acks {
  channel: number
  parsed: number
  acked: number
  lastAt: number
  /** So many more may be sent early. */
  early: number
  cancel: (() => void) | null
}

/** The output of one attach. */
interface Run {
  epoch: string
  transfer: Acks
  live: Acks
  /** Absolute offset of the transfer's first raw byte, and how many bytes of a picture stand before it. */
  from: number
  pictureBytes: number
  /** Bytes of the transfer that came. */
  received: number
  /** Where live output goes on; null while the transfer lasts. */
  to: number | null
  /** Absolute offset of the next raw byte. */
  next: number
  /** Sizes ahead of `next`, by offset. */
  sizes: SizeAt[]
  sizeOffset: number
  /** The beginning of a character: the screen gets it with its end. */
  begun: Uint8Array
}

type Step = { bytes: Uint8Array; acks: Acks; end: number; position: number | null } | { act: () => void }

/**
 * Puts one terminal's output on its screen: exactly the program's bytes, in order, each size before the byte at its
 * offset, whole characters at a time. A size waits until the emulator has parsed everything before it, because emulators
 * parse later than they are written to but take sizes at once.
 *
 *   begin ──transfer frames──▶ transferEnd(to) ──live frames from `to`──▶ …   stop: nothing more is heard
 */
export class TerminalOutput {
  readonly #options: OutputOptions
  readonly #clock: Clock
  #screen: TerminalScreen | null = null
  /** What the screen was given; null when it has to begin anew. */
  #position: OutputPosition | null = null
  #run: Run | null = null
  #queue: Step[] = []
  #queuedBytes = 0
  /** Writes that the screen has not parsed yet. */
  #unparsed = 0
  /** Size of the screen, and what it will be once the queue is worked through. */
  #size: { cols: number; rows: number } | null = null
  #queuedSize: { cols: number; rows: number } | null = null

  constructor(options: OutputOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** What the screen was given of the output: the place from which the next attach goes on. */
  position(): OutputPosition | null {
    return this.#position
  }

  /** Another screen begins anew; the one of before (or null) ends the present attach. */
  setScreen(screen: TerminalScreen): void {
    if (screen === this.#screen) return
    this.stop()
    this.#screen = screen
    this.forget()
    this.#size = null
    this.#unparsed = 0
  }

  /** The next attach begins anew. */
  forget(): void {
    this.#position = null
  }

  /** True when the screen has worked through all that came. */
  get idle(): boolean {
    return this.#unparsed === 0 && this.#queue.length === 0
  }

  /** Starts with what an attach answered. False when it goes on from somewhere else than this screen stands. */
  begin(attached: Pick<TerminalAttachedMessage, 'epoch' | 'channel' | 'transfer'>): boolean {
    this.stop()
    const { transfer, epoch, channel } = attached
    const here = this.#position
    const replay = transfer.kind === 'replay'
    if (replay && !(here?.epoch === epoch && here.offset <= transfer.from)) return false
    if (replay && here?.offset !== transfer.from && transfer.gap === null) return false
    const acks = (of: number): Acks => ({ channel: of, parsed: 0, acked: 0, lastAt: 0, early: 0, cancel: null })
    const run: Run = {
      epoch,
      transfer: acks(transfer.channel),
      live: acks(channel),
      from: transfer.from,
      pictureBytes: replay ? 0 : transfer.snapshot_bytes,
      received: 0,
      to: null,
      next: transfer.from,
      sizes: [...transfer.sizes],
      sizeOffset: transfer.from,
      begun: new Uint8Array(0),
    }
    this.#run = run
    this.#queuedSize = this.#size
    const { cols, rows, gap } = transfer
    if (replay) this.#resize(cols, rows)
    else this.#reset(cols, rows)
    if (gap && gap.to > gap.from) this.#push({ act: () => this.#screen?.gap(gap.to - gap.from) })
    if (run.pictureBytes === 0) this.#push({ act: () => this.#reach(run, transfer.from) })
    this.#takeSizes(run)
    return true
  }

  /** A frame of the link. False when it is not for this attach: another channel, or live before the transfer ended. */
  frame(frame: Frame): boolean {
    const run = this.#run
    if (!run) return false
    const { kind, channel, offset, payload } = frame
    const live = kind === FRAME_KIND.terminal_output && channel === run.live.channel && run.to !== null
    const transfer = kind === FRAME_KIND.transfer_data && channel === run.transfer.channel && run.to === null
    if (!live && !transfer) return false
    const expected = live ? run.next : run.received
    if (offset > expected) {
      this.#options.broken()
      return true
    }
    const fresh = payload.subarray(expected - offset)
    if (live) this.#raw(run, fresh, run.live, expected)
    else {
      const picture = fresh.subarray(0, Math.max(0, run.pictureBytes - expected))
      run.received += fresh.length
      if (picture.length > 0) this.#picture(run, picture, expected + picture.length)
      this.#raw(run, fresh.subarray(picture.length), run.transfer, expected + picture.length)
    }
    if (this.#queuedBytes > QUEUE_MAX_BYTES) this.#options.broken()
    return true
  }

  /** `terminal.transfer_end`. True when it was this attach's. */
  transferEnd(channel: number, to: number): boolean {
    const run = this.#run
    if (!run || run.to !== null || channel !== run.transfer.channel) return false
    if (run.received < run.pictureBytes || run.next !== to) {
      this.#options.broken()
      return false
    }
    run.to = to
    run.live.acked = run.live.parsed = to
    if (run.transfer.parsed === run.received) this.#ackNow(run.live)
    return true
  }

  /** `terminal.size`. Ones that the transfer told already are known. */
  size(channel: number, size: SizeAt): void {
    const run = this.#run
    if (!run || channel !== run.live.channel || size.offset < run.sizeOffset) return
    const behind = run.sizes.findIndex((other) => other.offset > size.offset)
    run.sizes.splice(behind === -1 ? run.sizes.length : behind, 0, size)
    if (run.sizes.length > SIZES_MAX) this.#options.broken()
    else this.#takeSizes(run)
  }

  /** Ends the present attach. What was not given to the screen is dropped: the next one brings it again. */
  stop(): void {
    this.#run?.transfer.cancel?.()
    this.#run?.live.cancel?.()
    this.#run = null
    this.#queue = []
    this.#queuedBytes = 0
  }

  #reset(cols: number, rows: number): void {
    this.#queuedSize = { cols, rows }
    this.#push({
      act: () => {
        this.#position = null
        this.#size = { cols, rows }
        this.#screen?.reset(cols, rows)
      },
    })
  }

  #resize(cols: number, rows: number): void {
    if (this.#queuedSize?.cols === cols && this.#queuedSize.rows === rows) return
    this.#queuedSize = { cols, rows }
    this.#push({
      act: () => {
        this.#size = { cols, rows }
        this.#screen?.resize(cols, rows)
      },
    })
  }

  #picture(run: Run, bytes: Uint8Array, end: number): void {
    this.#push({ bytes, acks: run.transfer, end, position: end === run.pictureBytes ? run.from : null })
  }

  /** `at` is the offset of the first byte in the channel of `acks`. */
  #raw(run: Run, bytes: Uint8Array, acks: Acks, at: number): void {
    let done = 0
    while (done < bytes.length) {
      const size = run.sizes[0]
      const end = size ? Math.min(bytes.length, done + size.offset - run.next) : bytes.length
      run.next += end - done
      this.#push({ bytes: bytes.subarray(done, end), acks, end: at + end, position: run.next })
      done = end
      this.#takeSizes(run)
    }
  }

  #takeSizes(run: Run): void {
    for (let size = run.sizes[0]; size && size.offset <= run.next; size = run.sizes[0]) {
      run.sizes.shift()
      run.sizeOffset = size.offset
      this.#resize(size.cols, size.rows)
    }
  }

  #push(step: Step): void {
    this.#queue.push(step)
    if ('bytes' in step) this.#queuedBytes += step.bytes.length
    this.#pump()
  }

  #pump(): void {
    for (let step = this.#queue[0]; step; step = this.#queue[0]) {
      if ('act' in step) {
        if (this.#unparsed > 0) return
        this.#queue.shift()
        step.act()
        continue
      }
      this.#queue.shift()
      this.#queuedBytes -= step.bytes.length
      this.#write(step)
    }
  }

  #write(step: Extract<Step, { bytes: Uint8Array }>): void {
    const screen = this.#screen
    const run = this.#run
    if (!screen || !run) return
    const bytes = this.#whole(run, step)
    if (step.position !== null) this.#reach(run, step.position - run.begun.length)
    this.#unparsed += 1
    const parsed = () => {
      if (screen !== this.#screen) return
      this.#unparsed -= 1
      if (run === this.#run) this.#parsed(run, step.acks, step.end)
      this.#pump()
    }
    screen.write(bytes, parsed, step.acks === run.live)
  }

  /** With the beginning of a character that came before, without one at the end; a picture is whole. */
  #whole(run: Run, { bytes, position, acks }: Extract<Step, { bytes: Uint8Array }>): Uint8Array {
    const all = run.begun.length === 0 ? bytes : joined(run.begun, bytes)
    const isPictureEnd = position === run.from && acks === run.transfer
    const length = isPictureEnd ? all.length : wholeCharacters(all)
    run.begun = all.slice(length)
    return all.subarray(0, length)
  }

  #reach(run: Run, offset: number): void {
    this.#position = { epoch: run.epoch, offset }
  }

  #parsed(run: Run, acks: Acks, end: number): void {
    acks.parsed = end
    const now = this.#clock.now()
    const dueIn = acks.lastAt + ACK_AFTER_MS - now
    if (now - acks.lastAt >= ACK_PAUSE_MS) acks.early = ACKS_EARLY
    // The runtime begins with a small window, and waits for nothing else.
    const early = acks.early > 0 && this.#unparsed === 0 && end - acks.acked >= ACK_EARLY_BYTES
    if (early) acks.early -= 1
    if (early || end - acks.acked >= ACK_EVERY_BYTES || dueIn <= 0) this.#ackNow(acks)
    else acks.cancel ??= this.#clock.after(dueIn, () => this.#ackNow(acks))
    // The end of the transfer is where live output stands: told once it is on the screen.
    if (acks === run.transfer && run.to !== null && end === run.received && run.live.parsed === run.to) {
      this.#ackNow(run.live)
    }
  }

  #ackNow(acks: Acks): void {
    acks.cancel?.()
    acks.cancel = null
    acks.acked = acks.parsed
    acks.lastAt = this.#clock.now()
    this.#options.sendAck(acks.channel, acks.parsed)
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}
