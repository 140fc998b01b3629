import { decodeFrame, encodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import { until } from '../../support/pilot.ts'
import type { TestSocket } from './socket.ts'

/** A tab at one terminal, as simple as the rules allow: it attaches again when it is told to, from what it has. */
export class TerminalTab {
  readonly socket: TestSocket
  readonly id: string
  readonly writer: string
  text = ''
  /** What came, in order: sizes and the lengths of pieces of output. */
  readonly order: string[] = []
  resets = 0
  /** Acknowledged by the terminal. */
  accepted = 0
  #offset = 0
  #epoch: unknown = null
  readonly #decoder = new TextDecoder()
  #sent = 0
  #requests = 0
  #channels: { live: unknown; input: number; transfer: unknown } | null = null
  #transferring = false

  constructor(socket: TestSocket, id: string, writer = 'writer-00001') {
    this.socket = socket
    this.id = id
    this.writer = writer
    socket.onData = (data) => {
      if (data instanceof Uint8Array) this.#frame(data)
      else this.#message(data)
    }
  }

  /** Asks and waits until the live bytes are there. */
  async attach(): Promise<void> {
    this.#ask()
    await until('the attachment', () => this.#channels !== null && !this.#transferring, 20_000)
  }

  type(text: string): void {
    const payload = new TextEncoder().encode(text)
    const channel = this.#channels?.input ?? 0
    this.socket.raw.send(encodeFrame({ kind: FRAME_KIND.terminal_input, channel, offset: this.#sent, payload }))
    this.#sent += payload.length
  }

  untilText(text: string): Promise<unknown> {
    return until(`the text ${JSON.stringify(text.slice(-40))}`, () => this.text === text, 20_000)
  }

  #ask(): void {
    this.#requests += 1
    this.socket.send({
      type: 'terminal.attach',
      request_id: `attach-${this.writer}-${this.#requests}`,
      terminal_id: this.id,
      writer_id: this.writer,
      ...(this.#epoch === null ? {} : { since: { epoch: this.#epoch, offset: this.#offset } }),
      cols: 80,
      rows: 24,
      visible: true,
    })
  }

  #message(message: Record<string, unknown>): void {
    switch (message.type) {
      case 'terminal.attached': {
        const { channel, input_channel, epoch, accepted } = message
        const transfer = message.transfer as { channel: number; from: number }
        if (this.#epoch !== null && transfer.from !== this.#offset) throw new Error('the transfer begins elsewhere')
        this.#channels = { live: channel, input: Number(input_channel), transfer: transfer.channel }
        this.#epoch = epoch
        this.#sent = Number(accepted)
        this.#transferring = true
        break
      }
      case 'terminal.transfer_end':
        if (message.to !== this.#offset) throw new Error(`the transfer ends at ${message.to}, not at ${this.#offset}`)
        this.#transferring = false
        break
      case 'terminal.size':
        this.order.push(`${message.cols}x${message.rows}`)
        break
      case 'terminal.input_ack':
        this.accepted = Number(message.offset)
        break
      case 'terminal.reset':
        this.resets += 1
        this.#channels = null
        this.#ask()
        break
    }
  }

  #frame(bytes: Uint8Array): void {
    const decoded = decodeFrame(bytes)
    if (!('frame' in decoded) || !this.#channels) return
    const { kind, channel, offset, payload } = decoded.frame
    const live = kind === FRAME_KIND.terminal_output && channel === this.#channels.live
    if (!live && channel !== this.#channels.transfer) return
    if (live && offset !== this.#offset) throw new Error(`a gap: ${offset} instead of ${this.#offset}`)
    this.text += this.#decoder.decode(payload, { stream: true })
    this.#offset += payload.length
    this.order.push(String(payload.length))
    if (live) this.socket.send({ type: 'terminal.ack', channel, offset: this.#offset })
  }
}
