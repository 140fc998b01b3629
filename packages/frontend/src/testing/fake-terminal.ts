import type { TerminalId } from '@pilot/domain/entities/terminal'
import { newId } from '@pilot/domain/ids'
import { decodeFrame, FRAME_KIND, type Frame } from '@pilot/protocol/frame'
import { FakeClock } from '@pilot/protocol/link/fake-clock'
import type { SizeAt, TerminalStatus } from '@pilot/protocol/terminal/model'
import type { TerminalDown, TerminalTraffic, TerminalUp } from '../terminal/feed.ts'
import type { TerminalScreen } from '../terminal/port.ts'
import { createTerminals } from '../terminal/terminals.ts'

/** An emulator that parses when it is told to, and remembers which size each byte met. */
export class FakeScreen implements TerminalScreen {
  /** Since the last reset. */
  bytes: number[] = []
  sizes: string[] = []
  /** Which of the bytes came live. */
  lives: boolean[] = []
  size = ''
  resets = 0
  gaps: number[] = []
  early = 0
  #unparsed: (() => void)[] = []
  constructor(readonly immediate = false) {}

  reset(cols: number, rows: number): void {
    this.bytes = []
    this.sizes = []
    this.lives = []
    this.resets++
    this.resize(cols, rows)
  }
  resize(cols: number, rows: number): void {
    if (this.#unparsed.length > 0) this.early++
    this.size = `${cols}x${rows}`
  }
  write(bytes: Uint8Array, parsed: () => void, live: boolean): void {
    for (const byte of bytes) {
      this.bytes.push(byte)
      this.lives.push(live)
      this.sizes.push(this.size)
    }
    if (this.immediate) parsed()
    else this.#unparsed.push(parsed)
  }
  gap(lostBytes: number): void {
    this.gaps.push(lostBytes)
  }
  /** Parses the oldest writes. */
  parse(count = Number.POSITIVE_INFINITY): boolean {
    const done = this.#unparsed.splice(0, count)
    for (const parsed of done) parsed()
    return done.length > 0
  }
}

interface Viewer {
  channel: number
  /** What is still to be sent of the transfer, its offset so far, and the raw offset that it stands for. */
  picture: Uint8Array
  sent: number
  raw: number
  live: boolean
}

/** One terminal, its machine and its hub at the far end of a link that can be cut anywhere. */
export class FakeTerminal {
  readonly id: TerminalId = newId('terminal')
  readonly userId = newId('user')
  readonly clock = new FakeClock()
  readonly requests: TerminalUp[] = []
  /** What the program printed and the sizes that it had, from offset 0 on; older than `ringStart` is forgotten. */
  output: number[] = []
  sizes: SizeAt[] = [{ offset: 0, cols: 80, rows: 24 }]
  ringStart = 0
  epoch = 'e1'
  mode: 'shared' | 'exclusive' = 'shared'
  holder: TerminalStatus['holder'] = null
  state: TerminalStatus['state'] = 'running'
  readOnly = false
  refuseWith: { code: 'NOT_FOUND' | 'RUNTIME_OFFLINE'; retryable: boolean } | null = null
  /** What the program's side took, and holes that it was sent. */
  accepted: number[] = []
  acceptedBefore = 0
  holes = 0
  probes = 0
  isUp = false
  up: (TerminalUp | Frame)[] = []
  down: (TerminalDown | Frame)[] = []
  viewer: Viewer | null = null
  #traffic: TerminalTraffic | null = null
  #channels = 100
  #writers = 0
  #writer = 'writer-0'
  /** Input that comes is lost for want of room. */
  full = false

  readonly terminals = createTerminals({
    userId: this.userId,
    clock: this.clock,
    writers: { take: () => 'writer-0', renew: () => `writer-${++this.#writers}`, leave: () => undefined },
    feed: {
      send: (message) => this.isUp && this.up.push(message) > 0,
      sendFrame: (bytes) => {
        const decoded = decodeFrame(bytes.slice())
        if (!('frame' in decoded)) throw new Error('not a frame')
        return this.isUp && this.up.push(decoded.frame) > 0
      },
      probe: () => {
        this.probes++
      },
      connect: (traffic) => {
        this.#traffic = traffic
        return () => undefined
      },
    },
  })
  readonly client = this.terminals.open(this.id)

  connect(): void {
    this.isUp = true
    this.#traffic?.up()
  }
  /** Whatever is under way is lost. */
  cut(): void {
    this.isUp = false
    this.up = []
    this.down = []
    this.viewer = null
    this.#traffic?.down()
  }
  machine(online: boolean): void {
    this.#traffic?.machine(online)
  }

  get size(): SizeAt {
    const size = this.sizes.at(-1)
    if (!size) throw new Error('no size')
    return size
  }
  sizeAt(offset: number): string {
    const size = this.sizes.findLast((one) => one.offset <= offset)
    return `${size?.cols}x${size?.rows}`
  }
  status(): TerminalStatus {
    const { cols, rows } = this.size
    const { id: terminal_id, epoch, state, mode, holder } = this
    const rest = { exit_code: null, reason: null, title: '', process: 'sh', cols, rows }
    return { terminal_id, epoch, state, mode, holder, end_offset: this.output.length, ...rest }
  }
  tellState(flags: { closed?: boolean; bell?: boolean } = {}): void {
    const { closed = false, bell = false } = flags
    this.say({ type: 'terminal.state', terminal: this.status(), closed, bell })
  }
  say(message: TerminalDown extends infer M ? (M extends unknown ? Omit<M, 'schema_version'> : never) : never): void {
    if (this.isUp) this.down.push({ schema_version: '1', ...message } as TerminalDown)
  }

  print(bytes: readonly number[]): void {
    for (const byte of bytes) this.output.push(byte)
  }
  resize(cols: number, rows: number): void {
    // Told in order with live output; a viewer that is still catching up hears of it before it gets there.
    if (this.viewer?.live) this.pump(Number.POSITIVE_INFINITY)
    const size = { offset: this.output.length, cols, rows }
    this.sizes.push(size)
    if (this.viewer) this.say({ type: 'terminal.size', channel: 7, ...size })
  }

  /** Sends the viewer up to `max` bytes of what it has not been sent, `overlap` of them again. */
  pump(max: number, overlap = 0): void {
    const { viewer } = this
    if (!viewer) return
    if (!viewer.live) {
      const rest = [...viewer.picture, ...this.output.slice(viewer.raw)].slice(0, max)
      if (rest.length > 0) this.#frame(FRAME_KIND.transfer_data, viewer.channel, viewer.sent, rest)
      viewer.raw += Math.max(0, rest.length - viewer.picture.length)
      viewer.picture = viewer.picture.subarray(rest.length)
      viewer.sent += rest.length
      if (viewer.picture.length > 0 || viewer.raw < this.output.length) return
      viewer.live = true
      this.say({ type: 'terminal.transfer_end', channel: viewer.channel, to: viewer.raw })
      return
    }
    const from = Math.max(0, viewer.raw - overlap)
    const bytes = this.output.slice(from, viewer.raw + max)
    if (bytes.length > 0) this.#frame(FRAME_KIND.terminal_output, 7, from, bytes)
    viewer.raw = from + bytes.length
  }
  /** A live frame is lost on the way. */
  lose(count: number): void {
    if (this.viewer?.live) this.viewer.raw = Math.min(this.output.length, this.viewer.raw + count)
  }

  deliverUp(count = Number.POSITIVE_INFINITY): boolean {
    const items = this.up.splice(0, count)
    for (const item of items) {
      if ('kind' in item) this.#input(item)
      else this.#request(item)
    }
    return items.length > 0
  }
  deliverDown(count = Number.POSITIVE_INFINITY): boolean {
    const items = this.down.splice(0, count)
    for (const item of items) {
      if ('kind' in item) this.#traffic?.frame(item)
      else this.#traffic?.message(item)
    }
    return items.length > 0
  }
  /** Delivers, sends and parses until nothing moves any more. */
  settle(screen: FakeScreen): void {
    for (let moved = true; moved; ) {
      const behind = this.viewer && (!this.viewer.live || this.viewer.raw < this.output.length)
      if (behind) this.pump(50_000)
      const steps = [this.deliverUp(), this.deliverDown(), screen.parse()]
      moved = Boolean(behind) || steps.includes(true)
    }
  }
  /** Also waits for whatever backs off. */
  async quiet(screen: FakeScreen): Promise<void> {
    for (let round = 0; round < 8; round += 1) {
      this.settle(screen)
      await this.clock.advance(3_000)
    }
    this.settle(screen)
  }

  #frame(kind: Frame['kind'], channel: number, offset: number, bytes: readonly number[]): void {
    for (let at = 0; at < bytes.length; at += 65_536) {
      this.down.push({ kind, channel, offset: offset + at, payload: Uint8Array.from(bytes.slice(at, at + 65_536)) })
    }
  }
  #mayType(): boolean {
    return !this.readOnly && this.state === 'running' && (this.mode === 'shared' || this.holder === this.userId)
  }
  #input(frame: Frame): void {
    const expected = this.acceptedBefore + this.accepted.length
    if (!this.#mayType() || this.full) return
    if (frame.offset > expected) {
      this.holes++
      return
    }
    this.accepted.push(...frame.payload.subarray(expected - frame.offset))
    this.say({ type: 'terminal.input_ack', channel: frame.channel, offset: this.acceptedBefore + this.accepted.length })
  }
  #request(message: TerminalUp): void {
    this.requests.push(message)
    if (message.type === 'terminal.detach') this.viewer = null
    if (message.type === 'terminal.mode') {
      this.mode = message.mode
      this.holder = message.mode === 'exclusive' ? this.userId : null
      this.say({ type: 'ack', request_id: message.request_id, ok: true })
      this.tellState()
    }
    if (message.type !== 'terminal.attach') return
    const { request_id, since, writer_id } = message
    // Another writer's count begins at 0.
    if (writer_id !== this.#writer) this.acceptedBefore = -this.accepted.length
    this.#writer = writer_id
    if (this.refuseWith) {
      this.viewer = null
      this.say({ type: 'error', request_id, message: 'no', ...this.refuseWith })
      return
    }
    const end = this.output.length
    const replay = since?.epoch === this.epoch && since.offset >= this.ringStart && since.offset <= end
    const from = replay ? since.offset : this.ringStart
    const picture = replay ? new Uint8Array() : this.picture(from)
    const channel = ++this.#channels
    this.viewer = { channel, picture, sent: 0, raw: from, live: false }
    const [cols, rows] = this.sizeAt(from).split('x').map(Number)
    const lost = since?.epoch === this.epoch ? since.offset : 0
    this.say({
      type: 'terminal.attached',
      request_id,
      ...this.status(),
      channel: 7,
      input_channel: this.#mayType() ? 8 : null,
      accepted: this.acceptedBefore + this.accepted.length,
      transfer: {
        channel,
        kind: replay ? 'replay' : 'snapshot',
        from,
        snapshot_bytes: picture.length,
        cols: cols ?? 0,
        rows: rows ?? 0,
        sizes: this.sizes.filter((size) => size.offset > from),
        gap: !replay && from > lost ? { from: lost, to: from } : null,
      },
    })
  }
  /** Says what it is a picture of. */
  picture(from: number): Uint8Array {
    return new TextEncoder().encode(`<${this.epoch}:${from}>`.padEnd(40, '.'))
  }
}
