import { newId } from '@pilot/domain/ids'
import { decodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import type { RuntimeTerminalAttachedMessage } from '@pilot/protocol/messages/terminal-attached'
import { type UpMessage, UpMessageSchema } from '@pilot/protocol/up'
import type { LinkTerminals } from '../link-terminals.ts'
import type { ManagedTerminal } from '../managed-terminal.ts'
import { writerKey } from '../writers.ts'
import { byteAt } from './fake-source.ts'

/** One stretch of output that a viewer has without a hole. */
interface Stretch {
  from: number
  to: number
}

/** A tab as the hub and the tab together behave. */
export class FakeViewer {
  writerId = newId('request').slice(0, 30)
  readonly userId = newId('user')
  stretches: Stretch[] = []
  attached: RuntimeTerminalAttachedMessage | null = null
  resets = 0
  sizes: { offset: number; cols: number; rows: number }[] = []
  wrongBytes = 0
  requestId: string | null = null
  /** Where the next live byte belongs; null while the transfer runs. */
  #expected: number | null = null
  #raw = 0
  #transferred = 0
  #ackedTransfer = 0
  #ackedLive = 0

  get position(): number | null {
    return this.stretches.at(-1)?.to ?? null
  }

  get live(): boolean {
    return this.#expected !== null
  }

  /** The name that its input has at the source. */
  get key(): string {
    return writerKey(this.userId, this.writerId)
  }

  get inputChannel(): number {
    return this.attached?.input_channel ?? 0
  }

  get acked(): number {
    return this.#ackedLive
  }

  onAttached(message: RuntimeTerminalAttachedMessage): void {
    this.attached = message
    this.requestId = null
    this.#expected = null
    this.#transferred = this.#ackedTransfer = 0
    const { from, kind, gap } = message.transfer
    this.#raw = from
    const had = this.position ?? 0
    if (kind === 'snapshot') {
      if (from > had ? gap?.from !== had || gap.to !== from : gap) throw new Error('a gap that is not told')
      this.stretches.push({ from, to: from })
    } else if (from !== this.position || gap)
      throw new Error(`replay from ${from}, but the viewer is at ${this.position}`)
  }

  onTransfer(offset: number, payload: Uint8Array): void {
    if (offset !== this.#transferred) throw new Error('hole in a transfer')
    this.#transferred += payload.length
    const picture = this.attached?.transfer.snapshot_bytes ?? 0
    const raw = payload.subarray(Math.min(payload.length, Math.max(0, picture - offset)))
    this.#take(this.#raw, raw)
    this.#raw += raw.length
  }

  onTransferEnd(to: number): void {
    if (to !== this.#raw) throw new Error(`the transfer stands at ${this.#raw} and ends at ${to}`)
    this.#expected = to
    this.#ackedLive = to
  }

  /** False when there is a gap: the hub resets this viewer. */
  onLive(offset: number, payload: Uint8Array): boolean {
    if (this.#expected === null) return true
    if (offset !== this.#expected) {
      this.resets += 1
      this.#expected = null
      this.attached = null
      return false
    }
    this.#take(offset, payload)
    this.#expected += payload.length
    return true
  }

  /** Everything that came is parsed; gives the transfer's acknowledgement to send. */
  parse(): { channel: number; offset: number } | null {
    if (this.#expected !== null) {
      this.#ackedLive = this.#expected
      return null
    }
    if (!this.attached || this.#ackedTransfer === this.#transferred) return null
    this.#ackedTransfer = this.#transferred
    return { channel: this.attached.transfer.channel, offset: this.#transferred }
  }

  leave(): void {
    this.attached = null
    this.requestId = null
    this.#expected = null
  }

  #take(offset: number, bytes: Uint8Array): void {
    const last = this.stretches.at(-1)
    if (!last || last.to !== offset) throw new Error('bytes without a place')
    for (const [index, byte] of bytes.entries()) if (byte !== byteAt(offset + index)) this.wrongBytes += 1
    last.to += bytes.length
  }
}

/** Test support: the hub's rules for one terminal, and a socket that drains when it is told to. */
export class FakeHub {
  readonly viewers = new Set<FakeViewer>()
  readonly messages: UpMessage[] = []
  /** What waits in the socket. */
  #socket: (string | Uint8Array)[] = []
  #buffered = 0
  maxBuffered = 0
  /** When an acknowledgement arrives: at once, unless told otherwise. */
  arrive = (acknowledge: () => void): void => acknowledge()
  #told = ''
  #terminals: LinkTerminals | null = null
  #terminal: ManagedTerminal | null = null

  use(terminals: LinkTerminals, terminal: ManagedTerminal): void {
    this.#terminals = terminals
    this.#terminal = terminal
  }

  readonly link = {
    text: (text: string) => this.#put(text, text.length),
    frame: (bytes: Uint8Array) => this.#put(bytes.slice(), bytes.length),
    bufferedAmount: () => this.#buffered,
  }

  #put(data: string | Uint8Array, size: number): void {
    this.#socket.push(data)
    this.#buffered += size
    this.maxBuffered = Math.max(this.maxBuffered, this.#buffered)
  }

  /** Delivers what is in the socket, at most so many messages. */
  drain(count = Number.POSITIVE_INFINITY): number {
    let done = 0
    while (done < count) {
      const data = this.#socket.shift()
      if (data === undefined) break
      this.#buffered -= data.length
      done += 1
      if (typeof data === 'string') this.#message(UpMessageSchema.parse(JSON.parse(data)))
      else this.#frame(data)
    }
    return done
  }

  attach(viewer: FakeViewer, more: { read_only?: boolean; cols?: number; rows?: number } = {}): Promise<void> {
    const terminal = this.#terminal
    if (!terminal || !this.#terminals) throw new Error('no terminal')
    // The tab attaches anew: nothing of the former attachment reaches it any more.
    if (viewer.attached) void this.#leave(viewer, false)
    this.viewers.add(viewer)
    viewer.requestId = newId('request')
    const { position } = viewer
    const since = position === null ? undefined : { epoch: terminal.source.status.epoch, offset: position }
    return this.#terminals.attach({
      ...{ schema_version: '1', type: 'terminal.attach', request_id: viewer.requestId, generation: 1 },
      ...{ workspace_id: terminal.row.workspace_id, terminal_id: terminal.id, writer_id: viewer.writerId, since },
      ...{ actor: { user_id: viewer.userId, role: 'member' }, read_only: false, cols: 80, rows: 24, ...more },
    })
  }

  detach(viewer: FakeViewer): Promise<void> {
    this.viewers.delete(viewer)
    return this.#leave(viewer, this.viewers.size === 0)
  }

  #leave(viewer: FakeViewer, last: boolean): Promise<void> {
    const { attached } = viewer
    viewer.leave()
    return this.#close(viewer.userId, last, attached)
  }

  #close(user_id: FakeViewer['userId'], last: boolean, attached: RuntimeTerminalAttachedMessage | null): Promise<void> {
    const terminal = this.#terminal
    if (!terminal || !this.#terminals) throw new Error('no terminal')
    return this.#terminals.detach({
      ...{ schema_version: '1', type: 'terminal.detach', generation: 1, last },
      ...{ workspace_id: terminal.row.workspace_id, terminal_id: terminal.id },
      ...{ actor: { user_id, role: 'member' } },
      ...{ input_channel: attached?.input_channel ?? undefined, transfer_channel: attached?.transfer.channel },
    })
  }

  /** Every viewer has parsed what it got; the hub tells what changed. */
  parse(viewers: Iterable<FakeViewer> = this.viewers, interactive = true): void {
    for (const viewer of viewers) {
      const ack = viewer.parse()
      if (ack) this.#ack(ack.channel, ack.offset, true)
    }
    this.tellAcks(interactive)
  }

  tellAcks(interactive: boolean): void {
    const live = [...this.viewers].filter((viewer) => viewer.live)
    const channel = live[0]?.attached?.channel
    if (channel === undefined) return
    const furthest = Math.max(...live.map((viewer) => viewer.acked))
    const now = `${channel} ${furthest} ${interactive}`
    if (now !== this.#told) this.#ack(channel, furthest, interactive)
    this.#told = now
  }

  /** The connection is lost with all that was in it. */
  lose(): void {
    this.#socket = []
    this.#buffered = 0
    this.#told = ''
    for (const viewer of this.viewers) viewer.leave()
    this.#terminals?.reset()
  }

  /** Viewers that have to attach again. */
  waiting(): FakeViewer[] {
    return [...this.viewers].filter((viewer) => !viewer.attached && viewer.requestId === null)
  }

  #ack(channel: number, offset: number, interactive: boolean): void {
    this.arrive(() => {
      this.#terminals?.ack({ schema_version: '1', type: 'terminal.ack', channel, offset, interactive })
    })
  }

  #message(message: UpMessage): void {
    this.messages.push(message)
    if (
      message.type === 'terminal.attached' &&
      ![...this.viewers].some((one) => one.requestId === message.request_id)
    ) {
      // Whoever asked has left meanwhile.
      void this.#close(newId('user'), this.viewers.size === 0, message)
    }
    for (const viewer of this.viewers) {
      if (message.type === 'terminal.attached' && message.request_id === viewer.requestId) viewer.onAttached(message)
      if (message.type === 'terminal.transfer_end' && message.channel === viewer.attached?.transfer.channel)
        viewer.onTransferEnd(message.to)
      if (message.type === 'terminal.size' && message.channel === viewer.attached?.channel) viewer.sizes.push(message)
    }
  }

  #frame(bytes: Uint8Array): void {
    const decoded = decodeFrame(bytes)
    if ('problem' in decoded) throw new Error(decoded.problem)
    const { kind, channel, offset, payload } = decoded.frame
    for (const viewer of this.viewers) {
      if (kind === FRAME_KIND.transfer_data && viewer.attached?.transfer.channel === channel)
        viewer.onTransfer(offset, payload)
      if (kind === FRAME_KIND.terminal_output && viewer.attached?.channel === channel) viewer.onLive(offset, payload)
    }
  }
}
