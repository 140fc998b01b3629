import type { Clock } from '@pilot/protocol/link/clock'
import type { SourceStatus } from '../source.ts'
import { Connection, type ConnectionHandler, type Pipe } from './connection.ts'
import { Holds } from './holds.ts'
import { Inputs } from './inputs.ts'
import type { Layer, LayerEvents } from './layer.ts'
import { PROTOCOL_VERSION, READ_MAX } from './limits.ts'
import { type Checkpoint, Pictures } from './pictures.ts'
import { type Question, Questions } from './questions.ts'
import { Ring } from './ring.ts'
import { ScreenTracker } from './screen-tracker.ts'
import { clampSize, Sizes } from './sizes.ts'
import { emptyFrame, encodeText, FrameWriter, HOST_FRAME, jsonFrame } from './wire.ts'

export interface HostCoreOptions {
  terminalId: string
  epoch: string
  hostPid: number
  cols: number
  rows: number
  clock: Clock
  /** Status changed; a copy beside the socket outlives this process. */
  onStatus: (status: SourceStatus) => void
  onCheckpoint: (checkpoint: Checkpoint) => void
  /** Nobody needs this terminal any more. */
  onDismissed: () => void
}

/** After input, output skips the coalescing for this long. */
const URGENT_MS = 100
/** The name of the foreground program is read once output has been quiet for this long. */
const QUIET_MS = 300
const POSITION_MS = 250
const REDRAW_MS = 30

/** One terminal: its output, its writers, its viewers. It knows no PTY and no socket; both are given to it. */
export class HostCore implements ConnectionHandler, LayerEvents {
  readonly #options: HostCoreOptions
  readonly #ring = new Ring()
  readonly #sizes: Sizes
  readonly #tracker: ScreenTracker
  readonly #pictures: Pictures
  readonly #inputs: Inputs
  readonly #questions: Questions
  readonly #holds: Holds<Connection | 'checkpoint'>
  readonly #connections = new Set<Connection>()
  #layer: Layer | null = null
  #state: SourceStatus['state'] = 'running'
  /** The program was ended on request, and its holder was told to go before it knew. */
  #gone = false
  #dismissed = false
  #exitCode: number | null = null
  #reason: string | null = null
  #process = ''
  #paused = false
  /** Counts that were not told yet. */
  readonly #accepted = new Map<string, number>()
  #cancelAccepted: (() => void) | null = null
  #urgentUntil = 0
  /** Output offset at which a checkpoint was asked for last. */
  #askedAt: number | null = null
  #cancelQuiet: (() => void) | null = null
  #cancelPosition: (() => void) | null = null
  #cancelRedraw: (() => void) | null = null

  constructor(options: HostCoreOptions) {
    this.#options = options
    const { cols, rows } = options
    this.#sizes = new Sizes(cols, rows)
    this.#tracker = new ScreenTracker(rows, {
      onTitle: () => this.#statusChanged(),
      onBell: () => this.#broadcast(emptyFrame(HOST_FRAME.bell)),
      onQuestion: (question, answer) => this.#asked(question, answer),
    })
    this.#pictures = new Pictures(this.#ring, this.#tracker, this.#sizes)
    this.#inputs = new Inputs({
      write: (bytes) => this.#layer?.write(bytes),
      onAccepted: (writer, upTo) => this.#tellAccepted(writer, upTo),
      leaveOut: (bytes, writer) => this.#questions.superfluous(bytes, writer),
    })
    this.#questions = new Questions({
      clock: options.clock,
      watched: () => [...this.#connections].some((connection) => connection.following),
      answer: (text) => this.#state === 'running' && this.#inputs.say(encodeText(text)),
    })
    this.#holds = new Holds(options.clock, () => this.#regulate())
  }

  /** The program runs in this layer from now on. */
  start(layer: Layer): void {
    this.#layer = layer
    this.#scheduleQuiet()
  }

  get status(): SourceStatus {
    const { cols, rows } = this.#sizes.last
    return {
      epoch: this.#options.epoch,
      state: this.#state,
      exit_code: this.#exitCode,
      reason: this.#reason,
      title: this.#tracker.title,
      process: this.#process,
      cols,
      rows,
      start_offset: this.#ring.start,
      end_offset: this.#ring.end,
      host_pid: this.#options.hostPid,
      program_pid: this.#layer?.programPid ?? null,
    }
  }

  /** A client connected; it is told who is here before it says anything. */
  connect(pipe: Pipe): Connection {
    const { clock, terminalId } = this.#options
    const connection = new Connection({ pipe, ring: this.#ring, sizes: this.#sizes, clock, handler: this })
    this.#connections.add(connection)
    connection.send(
      jsonFrame(HOST_FRAME.hello, {
        protocol: PROTOCOL_VERSION,
        terminal_id: terminalId,
        status: this.status,
        accepted: this.#inputs.all(),
      }),
    )
    return connection
  }

  disconnected(connection: Connection): void {
    this.#connections.delete(connection)
    connection.closed()
    this.#holds.set(connection, null)
    if (this.#checkpointer) return
    this.#askedAt = null
    this.#holds.set('checkpoint', null)
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Ends every timer; nothing may be called afterwards. */
  dispose(): void {
    this.#holds.clear()
    this.#questions.dispose()
    this.#cancelAccepted?.()
    this.#cancelQuiet?.()
    this.#cancelPosition?.()
    this.#cancelRedraw?.()
    for (const connection of this.#connections) connection.closed()
  }

  // What the layer says.

  onData(bytes: Uint8Array): void {
    this.#tracker.scan(bytes)
    this.#ring.append(bytes)
    this.#tracker.forgetBefore(this.#ring.start)
    const urgent = this.#options.clock.now() < this.#urgentUntil
    for (const connection of this.#connections) connection.outputArrived(urgent)
    this.#askForCheckpoint()
    this.#regulate()
    this.#scheduleQuiet()
    this.#schedulePosition()
  }

  room(): number {
    return Math.max(1, this.#holds.at - this.#ring.end)
  }

  onWritten(): void {
    this.#inputs.taken()
  }

  onExit({ exitCode, reason }: { exitCode: number | null; reason: string | null }): void {
    if (this.#state !== 'running') return
    this.#state = 'ended'
    this.#exitCode = exitCode
    this.#reason = reason
    for (const connection of this.#connections) connection.pump()
    this.#flushAccepted()
    this.#statusChanged()
    if (this.#dismissed) this.#options.onDismissed()
  }

  onResized(cols: number, rows: number): void {
    this.#resized(cols, rows)
  }

  // What clients ask for.

  onHello(connection: Connection, hello: unknown): void {
    const role = typeof hello === 'object' && hello !== null && 'role' in hello ? hello.role : null
    connection.role = typeof role === 'string' ? role : 'unknown'
    this.#askForCheckpoint()
  }

  onHold(connection: Connection, at: number | null): void {
    this.#holds.set(connection, at)
  }

  onInput(connection: Connection, writer: string, offset: number, bytes: Uint8Array): void {
    this.#urgentUntil = this.#options.clock.now() + URGENT_MS
    const running = this.#state === 'running'
    if (running && this.#inputs.push(writer, offset, bytes)) return
    connection.send(acceptedFrame(writer, this.#inputs.accepted(writer)))
  }

  onResize(cols: number, rows: number): void {
    const size = clampSize(cols, rows)
    const { last } = this.#sizes
    if (this.#state !== 'running' || (size.cols === last.cols && size.rows === last.rows)) return
    this.#urgentUntil = this.#options.clock.now() + URGENT_MS
    // Told to viewers first: what the program draws for the new size must find it in place.
    this.#resized(size.cols, size.rows)
    this.#layer?.resize(size.cols, size.rows)
  }

  onCheckpoint(offset: number, cols: number, rows: number, snapshot: Uint8Array): void {
    // The frame's memory is reused.
    const checkpoint = { offset, cols, rows, snapshot: snapshot.slice() }
    if (!this.#pictures.store(checkpoint)) return
    this.#options.onCheckpoint(checkpoint)
    this.#askedAt = null
    this.#holds.set('checkpoint', null)
  }

  onRedraw(): void {
    const { cols, rows } = this.#sizes.last
    if (this.#state !== 'running' || this.#cancelRedraw) return
    // Only the program sees the other size; viewers keep theirs.
    this.#layer?.resize(cols, rows > 1 ? rows - 1 : rows + 1)
    this.#cancelRedraw = this.#options.clock.after(REDRAW_MS, () => {
      this.#cancelRedraw = null
      const now = this.#sizes.last
      this.#layer?.resize(now.cols, now.rows)
    })
  }

  onEnd(connection: Connection, request: number, force: boolean, graceMs: number): void {
    const answer = (gone: boolean) => {
      this.#gone ||= gone
      if (this.#connections.has(connection))
        connection.send(new FrameWriter(HOST_FRAME.endAnswer, 5).u32(request).u8(gone ? 1 : 0).frame)
    }
    if (!this.#layer) {
      answer(true)
      return
    }
    this.#layer.end(force, graceMs).then(answer, () => answer(false))
  }

  onDismiss(): void {
    if (this.#state !== 'running') this.#options.onDismissed()
    // The program is gone already, only the end of its output is still read.
    else this.#dismissed = this.#gone
  }

  onRead(connection: Connection, request: number, from: number, max: number): void {
    this.#flushAccepted()
    const { start, end } = this.#ring
    if (from < start || from > end) {
      connection.send(new FrameWriter(HOST_FRAME.readRefused, 12).u32(request).offset(start).frame)
      return
    }
    const length = Math.min(max, READ_MAX, end - from)
    const writer = new FrameWriter(HOST_FRAME.readAnswer, 12 + length).u32(request).offset(from)
    this.#ring.copy(from, length, writer.frame, writer.position)
    connection.send(writer.frame)
  }

  onBasis(connection: Connection, request: number): void {
    this.#flushAccepted()
    const { snapshot, ...rest } = this.#pictures.basis()
    const json = encodeText(JSON.stringify(rest))
    const frame = new FrameWriter(HOST_FRAME.basisAnswer, 8 + json.length + snapshot.length)
    connection.send(frame.u32(request).u32(json.length).bytes(json).bytes(snapshot).frame)
  }

  onWithdraw(connection: Connection, request: number, writer: string): void {
    const upTo = this.#inputs.withdraw(writer)
    this.#flushAccepted()
    connection.send(new FrameWriter(HOST_FRAME.withdrawn, 12).u32(request).offset(upTo).frame)
  }

  // What follows from both.

  get #checkpointer(): boolean {
    return [...this.#connections].some((connection) => connection.role === 'daemon')
  }

  #askForCheckpoint(): void {
    const pictures = this.#pictures
    if (!pictures.checkpointWanted || !this.#checkpointer) return
    const end = this.#ring.end
    // Asked again only after as many bytes as would have made it necessary.
    if (this.#askedAt !== null && end - this.#askedAt < CHECKPOINT_AGAIN) return
    // One wait for each checkpoint: a daemon that cannot make it must not stop the program again and again.
    if (this.#askedAt === null) this.#holds.set('checkpoint', Math.max(pictures.holdAt, end))
    this.#askedAt = end
    for (const connection of this.#connections)
      if (connection.role === 'daemon') connection.send(emptyFrame(HOST_FRAME.checkpointWanted))
  }

  /** Holds the program back, or lets it go, whichever the leases say. */
  #regulate(): void {
    const pause = this.#state === 'running' && this.#ring.end >= this.#holds.at
    if (pause === this.#paused) return
    this.#paused = pause
    if (pause) this.#layer?.pause()
    else this.#layer?.resume()
  }

  #resized(cols: number, rows: number): void {
    this.#sizes.add(this.#ring.end, cols, rows)
    this.#tracker.resized(rows)
    for (const connection of this.#connections) connection.sizeChanged()
    this.#statusChanged()
  }

  #asked(question: Question, answer: string | null): void {
    if (!this.#layer) return
    if (this.#layer.answers) {
      // A tab sees the question, too. Whether the terminal between knows every mode is not known.
      if (question !== 'mode') this.#questions.answeredElsewhere(question)
    } else this.#questions.asked(question, answer)
  }

  /** A little later: what the program answers to the input goes first. */
  #tellAccepted(writer: string, upTo: number): void {
    this.#accepted.set(writer, upTo)
    this.#cancelAccepted ??= this.#options.clock.after(ACCEPTED_MS, () => this.#flushAccepted())
  }

  /** Before every answer, so that whoever asked knows the counts that held then. */
  #flushAccepted(): void {
    this.#cancelAccepted?.()
    this.#cancelAccepted = null
    const accepted = [...this.#accepted]
    this.#accepted.clear()
    for (const [writer, upTo] of accepted) this.#broadcast(acceptedFrame(writer, upTo))
  }

  #statusChanged(): void {
    const { status } = this
    this.#options.onStatus(status)
    this.#broadcast(jsonFrame(HOST_FRAME.status, status))
  }

  #broadcast(frame: Uint8Array): void {
    for (const connection of this.#connections) if (connection.role !== null) connection.send(frame)
  }

  #scheduleQuiet(): void {
    this.#cancelQuiet ??= this.#options.clock.after(QUIET_MS, () => {
      this.#cancelQuiet = null
      this.#layer?.foreground().then(
        (name) => this.#foreground(name),
        () => {},
      )
    })
  }

  #foreground(name: string): void {
    if (name === this.#process) return
    this.#process = name
    this.#statusChanged()
  }

  #schedulePosition(): void {
    if (this.#connections.size === 0) return
    this.#cancelPosition ??= this.#options.clock.after(POSITION_MS, () => {
      this.#cancelPosition = null
      const { start, end } = this.#ring
      this.#broadcast(new FrameWriter(HOST_FRAME.position, 16).offset(start).offset(end).frame)
    })
  }
}

/** What was accepted is told this much later. */
const ACCEPTED_MS = 5

/** A checkpoint that was not made is asked for again after this much more output. */
const CHECKPOINT_AGAIN = 256 * 1024

function acceptedFrame(writer: string, upTo: number): Uint8Array {
  const name = encodeText(writer)
  return new FrameWriter(HOST_FRAME.accepted, 8 + name.length).offset(upTo).bytes(name).frame
}
