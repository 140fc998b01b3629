import { encodeFrame, FRAME_KIND, type Frame } from '@pilot/protocol/frame'
import type { TestSocket } from './socket.ts'

type Json = Record<string, unknown>
/** Small enough for both shells. */
const PIECE = 8_192

interface Program {
  readonly id: string
  readonly workspace_id: unknown
  output: Uint8Array
  cols: number
  rows: number
  state: 'running' | 'ended'
  exit_code: number | null
  /** Of this link; null before somebody attached on it. */
  channel: number | null
  live: boolean
  /** Accepted bytes by writer id. */
  readonly accepted: Map<string, number>
}

/** The terminals of a machine reduced to their link: they echo what is typed and keep all that they ever put out. */
export class FakeTerminals {
  readonly #programs = new Map<string, Program>()
  readonly #writers = new Map<number, { program: Program; writer: string }>()
  readonly closed: Json[] = []
  /** Requests to attach, as they arrived. */
  readonly attaches: Json[] = []
  #socket: TestSocket | null = null
  #channel = 1

  /** A new hello: channels of before mean nothing any more. */
  connect(socket: TestSocket): void {
    this.#socket = socket
    this.#writers.clear()
    for (const program of this.#programs.values()) {
      program.channel = null
      program.live = false
    }
  }

  list(): Json[] {
    return [...this.#programs.values()].map((program) => ({
      ...this.#status(program),
      workspace_id: program.workspace_id,
    }))
  }

  receive(message: Json): void {
    const { type, request_id } = message
    const id = String(message.terminal_id)
    const program = this.#programs.get(id)
    switch (type) {
      case 'terminal.open': {
        const opened = program?.state === 'running' ? program : this.#open(id, message)
        this.#send({ type: 'ack', request_id, ok: true, data: this.#status(opened) })
        this.#tell(opened)
        break
      }
      case 'terminal.close':
        this.closed.push(message)
        this.#programs.delete(id)
        this.#send({ type: 'ack', request_id, ok: true })
        break
      case 'terminal.attach':
        this.attaches.push(message)
        if (program && program.workspace_id === message.workspace_id) this.#attach(program, message)
        else this.#send({ type: 'error', request_id, code: 'NOT_FOUND', message: 'no such terminal', retryable: false })
        break
      case 'terminal.resize':
        if (program) this.#resize(program, Number(message.cols), Number(message.rows))
        break
      case 'terminal.detach':
        if (program && message.last === true) program.live = false
        break
    }
  }

  input({ channel, offset, payload }: Frame): void {
    const writer = this.#writers.get(channel)
    if (!writer) return
    const { program } = writer
    const accepted = program.accepted.get(writer.writer) ?? 0
    if (offset > accepted) return
    const fresh = payload.subarray(accepted - offset)
    program.accepted.set(writer.writer, accepted + fresh.length)
    this.#send({ type: 'terminal.input_ack', channel, offset: accepted + fresh.length })
    this.put(program.id, fresh)
  }

  /** The program puts something out. */
  put(id: string, data: string | Uint8Array): void {
    const program = this.#programs.get(id)
    if (!program) throw new Error('no such terminal')
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    const from = program.output.length
    program.output = new Uint8Array(Buffer.concat([program.output, bytes]))
    if (program.live && program.channel !== null) this.#frames(FRAME_KIND.terminal_output, program.channel, from, bytes)
  }

  /** Everything that it ever put out. */
  text(id: string): string {
    return new TextDecoder().decode(this.#programs.get(id)?.output)
  }

  end(id: string, exitCode: number): void {
    const program = this.#programs.get(id)
    if (!program) throw new Error('no such terminal')
    Object.assign(program, { state: 'ended', exit_code: exitCode })
    this.#tell(program)
  }

  #open(id: string, { workspace_id, cols, rows }: Json): Program {
    const program: Program = {
      id,
      workspace_id,
      output: new Uint8Array(),
      cols: Number(cols),
      rows: Number(rows),
      state: 'running',
      exit_code: null,
      channel: null,
      live: false,
      accepted: new Map(),
    }
    this.#programs.set(id, program)
    return program
  }

  #attach(program: Program, { request_id, writer_id, since }: Json): void {
    const writer = String(writer_id)
    const from = (since as { offset: number } | undefined)?.offset ?? 0
    program.channel ??= this.#next()
    const [input_channel, channel] = [this.#next(), this.#next()]
    this.#writers.set(input_channel, { program, writer })
    const size = { cols: program.cols, rows: program.rows }
    this.#send({
      type: 'terminal.attached',
      request_id,
      workspace_id: program.workspace_id,
      ...this.#status(program),
      channel: program.channel,
      input_channel,
      accepted: program.accepted.get(writer) ?? 0,
      transfer: { channel, kind: 'replay', from, snapshot_bytes: 0, ...size, sizes: [], gap: null },
    })
    this.#frames(FRAME_KIND.transfer_data, channel, 0, program.output.subarray(from))
    this.#send({ type: 'terminal.transfer_end', channel, to: program.output.length })
    program.live = true
  }

  #resize(program: Program, cols: number, rows: number): void {
    Object.assign(program, { cols, rows })
    const { channel, output } = program
    if (channel !== null) this.#send({ type: 'terminal.size', channel, offset: output.length, cols, rows })
    this.#tell(program)
  }

  #status(program: Program): Json {
    const { id, cols, rows, state, exit_code, output } = program
    const said = { reason: null, title: '', process: 'fake', mode: 'shared', holder: null }
    return { terminal_id: id, epoch: 'e1', state, exit_code, cols, rows, end_offset: output.length, ...said }
  }

  #tell(program: Program): void {
    const { workspace_id } = program
    this.#send({ type: 'terminal.state', workspace_id, terminal: this.#status(program), closed: false, bell: false })
  }

  #frames(kind: Frame['kind'], channel: number, offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE)
      this.#socket?.raw.send(
        encodeFrame({ kind, channel, offset: offset + at, payload: bytes.subarray(at, at + PIECE) }),
      )
  }

  #send(message: Json): void {
    this.#socket?.send(message)
  }

  #next(): number {
    this.#channel += 2
    return this.#channel
  }
}
