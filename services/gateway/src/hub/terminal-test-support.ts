import { type Id, newId } from '@pilot/domain/ids'
import { encodeFrame, FRAME_KIND, type FrameKind } from '@pilot/protocol/frame'
import type { TerminalChange, TerminalOutcome } from './port.ts'
import { FakeSocket, HubWorld } from './test-support.ts'

type Json = Record<string, unknown>
type Bytes = Uint8Array<ArrayBuffer>

export const CAPABLE = { protocol: { min: 1, max: 2 }, capabilities: { terminal: true } }

/** A hub whose machine has one terminal, played by the test. */
export class TerminalWorld extends HubWorld {
  readonly terminal = newId('terminal')
  machine = new FakeSocket()
  readonly terminalChanges: TerminalChange[] = []
  /** What the rows of this machine have beyond a complete report. */
  missing: Id<'terminal'>[] = []
  unwanted: TerminalOutcome['unwanted'] = []
  failTerminals = false
  #request = 0

  constructor() {
    super()
    this.backend.onTerminals = async (_id, change) => {
      if (this.failTerminals) throw new Error('database away')
      this.terminalChanges.push(structuredClone(change))
      return change.complete ? { missing: this.missing, unwanted: this.unwanted } : { missing: [], unwanted: [] }
    }
  }

  status(change: Json = {}): Json {
    return {
      terminal_id: this.terminal,
      epoch: 'e1',
      state: 'running',
      exit_code: null,
      reason: null,
      title: '',
      process: 'bash',
      cols: 80,
      rows: 24,
      end_offset: 0,
      mode: 'shared',
      holder: null,
      ...change,
    }
  }

  /** The machine is connected, welcomed, and lists its terminal. */
  async start(bootId = 'boot-0001', change: Json = {}): Promise<FakeSocket> {
    const socket = this.socket()
    this.hub.acceptRuntime(socket, this.identity, bootId)
    await this.greet(socket, bootId, change)
    return socket
  }

  async greet(socket: FakeSocket, bootId = 'boot-0001', change: Json = {}): Promise<void> {
    const terminals = [{ ...this.status(), workspace_id: this.workspace.workspace_id }]
    this.hub.onMessage(socket, this.hello(bootId, { ...CAPABLE, terminals, ...change }))
    await this.clock.advance(0)
    this.machine = socket
  }

  /** A tab asks for the terminal; gives the request as the machine got it. */
  ask(tab: FakeSocket, change: Json = {}): Json {
    this.#request += 1
    const request_id = `tab-request-${this.#request}`
    const shape = { terminal_id: this.terminal, writer_id: 'writer-0001', cols: 80, rows: 24, visible: true }
    this.say(tab, { type: 'terminal.attach', request_id, ...shape, ...change })
    return { ...this.machine.last('terminal.attach'), tab_request_id: request_id }
  }

  /** The machine says something of its terminal. */
  tell(change: Json = {}, more: Json = {}): void {
    const { workspace_id } = this.workspace
    const terminal = this.status(change)
    this.say(this.machine, { type: 'terminal.state', workspace_id, terminal, closed: false, bell: false, ...more })
  }

  /** The machine answers an attach. */
  answer(asked: Json, change: Json = {}): void {
    this.say(this.machine, {
      type: 'terminal.attached',
      request_id: asked.request_id,
      workspace_id: asked.workspace_id,
      ...this.status({ terminal_id: asked.terminal_id }),
      channel: 1,
      input_channel: 101,
      accepted: 0,
      transfer: {
        channel: 201,
        kind: 'replay',
        from: 0,
        snapshot_bytes: 0,
        cols: 80,
        rows: 24,
        sizes: [],
        gap: null,
      },
      ...change,
    })
  }

  frame(kind: FrameKind, channel: number, offset: number, payload: string | Uint8Array): Bytes {
    const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload
    return encodeFrame({ kind, channel, offset, payload: bytes })
  }

  output(offset: number, payload: string | Uint8Array, channel = 1): Bytes {
    const bytes = this.frame(FRAME_KIND.terminal_output, channel, offset, payload)
    this.hub.onMessage(this.machine, bytes)
    return bytes
  }

  transfer(offset: number, payload: string | Uint8Array, channel = 201): Bytes {
    const bytes = this.frame(FRAME_KIND.transfer_data, channel, offset, payload)
    this.hub.onMessage(this.machine, bytes)
    return bytes
  }

  input(tab: FakeSocket, offset: number, payload: string | Uint8Array, channel = 101): Bytes {
    const bytes = this.frame(FRAME_KIND.terminal_input, channel, offset, payload)
    this.hub.onMessage(tab, bytes)
    return bytes
  }

  endTransfer(to: number, channel = 201): void {
    this.say(this.machine, { type: 'terminal.transfer_end', channel, to })
  }

  ack(tab: FakeSocket, channel: number, offset: number): void {
    this.say(tab, { type: 'terminal.ack', channel, offset })
  }

  /** A tab that is up to date at `to`; its channels are `100 + n` and `200 + n`. */
  live(n: number, to = 0, options: { tab?: FakeSocket; asked?: Json; channel?: number } = {}): FakeSocket {
    const tab = options.tab ?? this.viewer()
    const asked = this.ask(tab, { writer_id: `writer-${String(n).padStart(6, '0')}`, ...options.asked })
    const transfer = { channel: 200 + n, kind: 'replay', from: to, snapshot_bytes: 0, cols: 80, rows: 24, sizes: [] }
    this.answer(asked, {
      channel: options.channel ?? 1,
      input_channel: 100 + n,
      transfer: { ...transfer, gap: null },
      end_offset: to,
    })
    this.endTransfer(to, 200 + n)
    return tab
  }
}

/** Binary frames that a socket got. */
export function framesOf(socket: FakeSocket): Uint8Array[] {
  return socket.sent.filter((data) => typeof data !== 'string')
}

/** Acknowledgements of live output that the machine got. */
export function acksOf(socket: FakeSocket, channel = 1): { offset: number; interactive: boolean }[] {
  return socket
    .messages('terminal.ack')
    .filter((message) => message.channel === channel)
    .map(({ offset, interactive }) => ({ offset: Number(offset), interactive: interactive === true }))
}
