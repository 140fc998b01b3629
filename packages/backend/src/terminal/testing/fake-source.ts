import { newId } from '@pilot/domain/ids'
import type { SizeAt } from '@pilot/protocol/terminal/model'
import { type Basis, OutputGone, type SourceEvents, type SourceStatus, type TerminalSource } from '../source.ts'

/** Every byte of a fake terminal's output is known from its offset. */
export const byteAt = (offset: number): number => (offset * 31 + (offset >> 8) * 7 + (offset >> 16)) & 0xff

const SNAPSHOT_BYTE = 0xaa

/** Test support: a terminal whose program prints on demand, with a small ring, as a real holder behaves. */
export class FakeSource implements TerminalSource {
  readonly terminalId = newId('terminal')
  readonly status: SourceStatus = {
    ...{ epoch: newId('request'), state: 'running', exit_code: null, reason: null, title: '', process: 'sh' },
    ...{ cols: 80, rows: 24, start_offset: 0, end_offset: 0, host_pid: 1, program_pid: 2 },
  }
  readonly written = new Map<string, number[]>()
  readonly holds: (number | null)[] = []
  events: SourceEvents | null = null
  held: number | null = null
  released = false
  dismissed = false
  /** Ignores the hang-up. */
  stubborn = false
  /** The program does not read. */
  busy = false
  #waiting: [writerId: string, offset: number, bytes: Uint8Array][] = []
  snapshotBytes = 0
  /** Offset of the picture, when the ring is not the beginning. */
  pictureAt: number | null = null
  /** Most bytes that were ever pushed and not yet asked for by credit. */
  #cursor: number | null = null
  #credit = 0
  #sizes: SizeAt[] = [{ offset: 0, cols: 80, rows: 24 }]
  #told = 0

  constructor(readonly ringBytes = 2_097_152) {}

  get following(): boolean {
    return this.#cursor !== null
  }

  /** The program prints; returns how much it could before it was held back. */
  print(bytes: number): number {
    const room = this.held === null ? bytes : Math.max(0, Math.min(bytes, this.held - this.status.end_offset))
    this.status.end_offset += room
    this.status.start_offset = Math.max(this.status.start_offset, this.status.end_offset - this.ringBytes)
    this.#push()
    return room
  }

  finish(code: number): void {
    this.status.state = 'ended'
    this.status.exit_code = code
    this.events?.onStatus()
  }

  listen(events: SourceEvents): void {
    this.events = events
  }

  async read(from: number, max: number): Promise<Uint8Array> {
    await Promise.resolve()
    const { start_offset, end_offset } = this.status
    if (from < start_offset) throw new OutputGone(start_offset)
    return bytesAt(from, Math.min(max, end_offset - from))
  }

  async basis(): Promise<Basis> {
    await Promise.resolve()
    const { start_offset } = this.status
    const offset = Math.max(start_offset, this.pictureAt ?? start_offset)
    const { cols, rows } = this.#sizes.findLast((size) => size.offset <= offset) ?? this.status
    const snapshot = new Uint8Array(offset === 0 ? 0 : this.snapshotBytes).fill(SNAPSHOT_BYTE)
    return { offset, cols, rows, snapshot, sizes: this.#sizes.filter((size) => size.offset > offset) }
  }

  follow(from: number): void {
    this.#cursor = Math.min(from, this.status.end_offset)
    this.#credit = this.#cursor
    this.#told = this.#sizes.filter((size) => size.offset < from).length
    this.#push()
  }

  unfollow(): void {
    this.#cursor = null
  }

  credit(upTo: number): void {
    this.#credit = Math.max(this.#credit, upTo)
    this.#push()
  }

  hold(at: number | null): void {
    this.holds.push(at)
    this.held = at
  }

  write(writerId: string, offset: number, bytes: Uint8Array): void {
    if (this.busy) {
      this.#waiting.push([writerId, offset, bytes])
      return
    }
    const all = this.written.get(writerId) ?? []
    this.written.set(writerId, all)
    if (offset > all.length) return
    all.push(...bytes.subarray(all.length - offset))
    this.events?.onAccepted(writerId, all.length)
  }

  /** The program reads what waits for it. */
  readInput(): void {
    this.busy = false
    for (const [writerId, offset, bytes] of this.#waiting.splice(0)) this.write(writerId, offset, bytes)
  }

  accepted(writerId: string): number {
    return this.written.get(writerId)?.length ?? 0
  }

  async withdraw(writerId: string): Promise<number> {
    this.#waiting = this.#waiting.filter(([writer]) => writer !== writerId)
    await Promise.resolve()
    return this.accepted(writerId)
  }

  resize(cols: number, rows: number): void {
    Object.assign(this.status, { cols, rows })
    this.#sizes.push({ offset: this.status.end_offset, cols, rows })
    this.#push()
    this.events?.onStatus()
  }

  storeCheckpoint(checkpoint: Basis): void {
    this.pictureAt = checkpoint.offset
  }

  redraw(): void {}

  async end({ force }: { force: boolean; graceMs: number }): Promise<boolean> {
    if (this.stubborn && !force) return false
    this.finish(129)
    return true
  }

  dismiss(): void {
    this.dismissed = true
  }

  release(): void {
    this.released = true
    this.#cursor = null
  }

  #push(): void {
    while (this.#cursor !== null) {
      const lost = this.status.start_offset > this.#cursor
      this.#cursor = Math.max(this.#cursor, this.status.start_offset)
      const size = this.#sizes[this.#told]
      if (size && size.offset <= this.#cursor) {
        this.#told += 1
        this.events?.onSize(size)
        continue
      }
      const limit = Math.min(this.status.end_offset, this.#credit, this.#cursor + 32_768, size?.offset ?? 2 ** 53)
      if (limit <= this.#cursor) {
        if (lost) this.events?.onOutput(this.#cursor, new Uint8Array(0))
        return
      }
      const from = this.#cursor
      this.#cursor = limit
      this.events?.onOutput(from, bytesAt(from, limit - from))
    }
  }
}

function bytesAt(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => byteAt(from + index))
}
