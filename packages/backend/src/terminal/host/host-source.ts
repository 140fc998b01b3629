import { connect, type Socket } from 'node:net'
import type { TerminalId } from '@pilot/domain/entities/terminal'
import { PilotError } from '@pilot/domain/errors'
import { type Basis, OutputGone, type SourceEvents, type SourceStatus, type TerminalSource } from '../source.ts'
import { PROTOCOL_VERSION, WRITERS_MAX } from './limits.ts'
import { BasisHeadSchema, HostHelloSchema, HostStatusSchema } from './schemas.ts'
import {
  CLIENT_FRAME,
  decodeText,
  emptyFrame,
  encodeText,
  FrameDecoder,
  FrameReader,
  FrameWriter,
  HOST_FRAME,
  jsonFrame,
} from './wire.ts'

/** How long a holder may take to say hello, and to answer a question. */
const ANSWER_MS = 10_000

interface Pending {
  resolve: (reader: FrameReader, type: number) => void
  reject: (error: PilotError) => void
  timer: NodeJS.Timeout
}

export interface ConnectOptions {
  path: string
  terminalId: TerminalId
  /** `daemon` is asked for checkpoints, others are not. */
  role: 'daemon' | 'attach'
}

/** Connects to the holder of a terminal. Rejects with RUNTIME_ERROR when none answers, UPGRADE_REQUIRED when it is newer. */
export async function connectHost(options: ConnectOptions): Promise<HostSource> {
  const socket = connect(options.path)
  return await new Promise<HostSource>((resolve, reject) => {
    const source = new HostSource(socket, options, (error) => {
      if (error) socket.destroy()
      if (error) reject(error)
      else resolve(source)
    })
  })
}

/** A terminal whose program lives in a process of its own. */
export class HostSource implements TerminalSource {
  readonly terminalId: TerminalId
  readonly #socket: Socket
  readonly #role: string
  #settled: ((error?: PilotError) => void) | null
  #helloTimer: NodeJS.Timeout
  #events: SourceEvents | null = null
  #status: SourceStatus | null = null
  readonly #accepted = new Map<string, number>()
  readonly #pending = new Map<number, Pending>()
  #requests = 0
  #released = false
  #closed = false

  /** `onSettled` is called once: without an error when the holder is known. */
  constructor(socket: Socket, options: ConnectOptions, onSettled: (error?: PilotError) => void) {
    this.terminalId = options.terminalId
    this.#role = options.role
    this.#socket = socket
    this.#settled = onSettled
    this.#helloTimer = setTimeout(() => this.#fail(gone('does not answer')), ANSWER_MS)
    const decoder = new FrameDecoder((type, payload) => this.#frame(type, payload))
    socket.on('data', (chunk: Buffer) => {
      try {
        if (decoder.push(chunk)) return
      } catch {
        // What makes no sense ends the connection; the program goes on.
      }
      this.#fail(gone('cannot be understood'))
    })
    socket.on('error', () => {})
    socket.on('close', () => this.#fail(gone('is gone')))
  }

  get status(): SourceStatus {
    if (!this.#status) throw new Error('not connected yet')
    return this.#status
  }

  listen(events: SourceEvents): void {
    this.#events = events
  }

  async read(from: number, max: number): Promise<Uint8Array> {
    const { reader, type } = await this.#ask(CLIENT_FRAME.read, 12, (frame) => frame.offset(from).u32(max))
    const offset = reader.offset()
    if (type === HOST_FRAME.readRefused) throw new OutputGone(offset)
    return reader.rest()
  }

  async basis(): Promise<Basis> {
    const { reader } = await this.#ask(CLIENT_FRAME.basis, 0, (frame) => frame)
    const head = BasisHeadSchema.parse(reader.json(reader.u32()))
    return { ...head, snapshot: reader.rest() }
  }

  follow(from: number): void {
    this.#send(new FrameWriter(CLIENT_FRAME.follow, 8).offset(from).frame)
  }

  unfollow(): void {
    this.#send(emptyFrame(CLIENT_FRAME.unfollow))
  }

  credit(upTo: number): void {
    this.#send(new FrameWriter(CLIENT_FRAME.credit, 8).offset(upTo).frame)
  }

  hold(at: number | null): void {
    this.#send(new FrameWriter(CLIENT_FRAME.hold, 8).offset(at ?? -1).frame)
  }

  write(writerId: string, offset: number, bytes: Uint8Array): void {
    const writer = encodeText(writerId)
    const frame = new FrameWriter(CLIENT_FRAME.input, 10 + writer.length + bytes.length)
    this.#send(frame.offset(offset).u16(writer.length).bytes(writer).bytes(bytes).frame)
  }

  accepted(writerId: string): number {
    return this.#accepted.get(writerId) ?? 0
  }

  async withdraw(writerId: string): Promise<number> {
    const writer = encodeText(writerId)
    const { reader } = await this.#ask(CLIENT_FRAME.withdraw, writer.length, (frame) => frame.bytes(writer))
    return reader.offset()
  }

  resize(cols: number, rows: number): void {
    this.#send(new FrameWriter(CLIENT_FRAME.resize, 4).u16(cols).u16(rows).frame)
  }

  storeCheckpoint({ offset, cols, rows, snapshot }: Basis): void {
    const frame = new FrameWriter(CLIENT_FRAME.checkpoint, 12 + snapshot.length)
    this.#send(frame.offset(offset).u16(cols).u16(rows).bytes(snapshot).frame)
  }

  redraw(): void {
    this.#send(emptyFrame(CLIENT_FRAME.redraw))
  }

  async end({ force, graceMs }: { force: boolean; graceMs: number }): Promise<boolean> {
    if (this.#closed) return true
    const ask = this.#ask(CLIENT_FRAME.end, 5, (frame) => frame.u8(force ? 1 : 0).u32(graceMs), graceMs + ANSWER_MS)
    const { reader } = await ask
    return reader.u8() === 1
  }

  dismiss(): void {
    this.#send(emptyFrame(CLIENT_FRAME.dismiss))
  }

  release(): void {
    this.#released = true
    this.#send(emptyFrame(CLIENT_FRAME.goodbye))
    this.#socket.end()
    this.#fail(gone('was released'))
  }

  #send(frame: Uint8Array): void {
    if (!this.#closed) this.#socket.write(frame)
  }

  #ask(type: number, length: number, fill: (frame: FrameWriter) => FrameWriter, timeoutMs = ANSWER_MS) {
    return new Promise<{ reader: FrameReader; type: number }>((resolve, reject) => {
      if (this.#closed) return reject(gone('is gone'))
      this.#requests = (this.#requests + 1) % 0x1_0000_0000
      const request = this.#requests
      const timer = setTimeout(() => {
        this.#pending.delete(request)
        reject(gone('does not answer'))
      }, timeoutMs)
      this.#pending.set(request, { resolve: (reader, answer) => resolve({ reader, type: answer }), reject, timer })
      this.#send(fill(new FrameWriter(type, 4 + length).u32(request)).frame)
    })
  }

  #frame(type: number, payload: Uint8Array): void {
    const reader = new FrameReader(payload)
    const status = this.#status
    if (!status) {
      if (type === HOST_FRAME.hello) this.#hello(reader.json())
      return
    }
    switch (type) {
      case HOST_FRAME.output: {
        const offset = reader.offset()
        const bytes = reader.rest()
        if (bytes.length === 0) status.start_offset = Math.max(status.start_offset, offset)
        status.end_offset = Math.max(status.end_offset, offset + bytes.length)
        this.#events?.onOutput(offset, bytes)
        return
      }
      case HOST_FRAME.size: {
        const size = { offset: reader.offset(), cols: reader.u16(), rows: reader.u16() }
        status.cols = size.cols
        status.rows = size.rows
        this.#events?.onSize(size)
        return
      }
      case HOST_FRAME.accepted: {
        const upTo = reader.offset()
        const writer = decodeText(reader.rest())
        this.#countAccepted(writer, upTo)
        this.#events?.onAccepted(writer, upTo)
        return
      }
      case HOST_FRAME.status:
        Object.assign(status, HostStatusSchema.parse(reader.json()))
        this.#events?.onStatus()
        return
      case HOST_FRAME.bell:
        this.#events?.onBell()
        return
      case HOST_FRAME.checkpointWanted:
        this.#events?.onCheckpointWanted()
        return
      case HOST_FRAME.position:
        status.start_offset = reader.offset()
        status.end_offset = Math.max(status.end_offset, reader.offset())
        return
      case HOST_FRAME.readAnswer:
      case HOST_FRAME.readRefused:
      case HOST_FRAME.basisAnswer:
      case HOST_FRAME.endAnswer:
      case HOST_FRAME.withdrawn:
        this.#answer(reader.u32(), new FrameReader(reader.rest()), type)
        return
    }
  }

  #hello(json: unknown): void {
    const hello = HostHelloSchema.parse(json)
    if (hello.protocol !== PROTOCOL_VERSION) {
      const message = 'This terminal was started by a newer version. Upgrade to reach it again.'
      this.#fail(new PilotError('UPGRADE_REQUIRED', message))
      return
    }
    if (hello.terminal_id !== this.terminalId) {
      this.#fail(gone('is another one'))
      return
    }
    this.#status = hello.status
    for (const [writer, upTo] of Object.entries(hello.accepted)) this.#countAccepted(writer, upTo)
    this.#send(jsonFrame(CLIENT_FRAME.hello, { protocol: PROTOCOL_VERSION, role: this.#role }))
    clearTimeout(this.#helloTimer)
    this.#settled?.()
    this.#settled = null
  }

  #countAccepted(writer: string, upTo: number): void {
    this.#accepted.delete(writer)
    this.#accepted.set(writer, upTo)
    // As many as the holder knows itself; the most recent stay.
    for (const oldest of this.#accepted.keys()) {
      if (this.#accepted.size <= WRITERS_MAX) break
      this.#accepted.delete(oldest)
    }
  }

  #answer(request: number, reader: FrameReader, type: number): void {
    const pending = this.#pending.get(request)
    if (!pending) return
    this.#pending.delete(request)
    clearTimeout(pending.timer)
    pending.resolve(reader, type)
  }

  #fail(error: PilotError): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#helloTimer)
    if (!this.#released) this.#socket.destroy()
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#pending.clear()
    const settled = this.#settled
    this.#settled = null
    if (settled) {
      settled(error)
      return
    }
    // A program that had ended before needs nobody to hold it.
    if (this.#released || this.#status?.state !== 'running') return
    this.#status.state = 'ended'
    this.#status.reason = LOST_REASON
    this.#events?.onLost()
  }
}

export const LOST_REASON = 'The process that held this terminal was stopped from outside.'

const gone = (what: string) => new PilotError('RUNTIME_ERROR', `The process that holds this terminal ${what}.`)
