import { PilotError, toPilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import { encode, encodeError } from '@pilot/protocol/envelope'
import { FRAME_MAX_PAYLOAD, type Frame } from '@pilot/protocol/frame'
import type { Clock } from '@pilot/protocol/link/clock'
import type { RuntimeTerminalAckMessage } from '@pilot/protocol/messages/terminal-ack'
import type { RuntimeTerminalAttachMessage } from '@pilot/protocol/messages/terminal-attach'
import type { RuntimeTerminalDetachMessage } from '@pilot/protocol/messages/terminal-detach'
import type { RuntimeTerminalResizeMessage } from '@pilot/protocol/messages/terminal-resize'
import { createSerially } from '../serially.ts'
import { ChannelNumbers } from './channels.ts'
import { InputAcks } from './input-acks.ts'
import { LinkSender } from './link-sender.ts'
import { type LinkOut, LiveOutput, type OutputStats } from './live-output.ts'
import type { ManagedTerminal } from './managed-terminal.ts'
import type { TerminalService } from './service.ts'
import { type Basis, OutputGone } from './source.ts'
import { Transfer } from './transfer.ts'
import { type Writer, Writers, writerKey } from './writers.ts'

const MAX_SIZES = 1_000
const FIRST_READ = 131_072

export interface LinkTerminalsOptions {
  service: TerminalService
  clock: Clock
  bufferedAmount(): number
  text(text: string): void
  /** Copies what it is given. */
  frame(bytes: Uint8Array<ArrayBuffer>): void
}

/** What one terminal has on the present link. The channel of its output stays the same as long as the link. */
interface Watched {
  readonly channel: number
  live: LiveOutput | null
  readonly transfers: Set<Transfer>
}

/**
 * The terminals over one connection: attaches, transfers, live output, input. A connection that is lost takes all of it
 * along; programs and their sources go on, and the viewers attach again.
 */
export class LinkTerminals {
  readonly stats: OutputStats = { frames: 0, bytes: 0, jumps: 0 }
  readonly #options: LinkTerminalsOptions
  readonly #sender: LinkSender
  readonly #out: LinkOut
  readonly #writers = new Writers()
  readonly #inputAcks: InputAcks
  readonly #inTurn = createSerially<string>()
  readonly #transfers = new Map<number, Transfer>()
  readonly #outputs = new Map<number, Watched>()
  #watched = new Map<ManagedTerminal, Watched>()
  readonly #numbers = new ChannelNumbers()
  /** Names the connection: what was begun on an earlier one ends silently. */
  #connection = 0
  #maxFrame = FRAME_MAX_PAYLOAD
  /** A control plane of before terminals refuses what it is told of them. */
  #muted = false

  constructor(options: LinkTerminalsOptions) {
    this.#options = options
    const { clock, text, frame } = options
    this.#sender = new LinkSender({ clock, bufferedAmount: () => options.bufferedAmount() })
    this.#out = { clock, text, frame, maxFrame: () => this.#maxFrame, wake: (lane) => this.#sender.wake(lane) }
    this.#inputAcks = new InputAcks(clock, (channel, offset) =>
      text(encode({ type: 'terminal.input_ack', channel, offset })),
    )
  }

  /** Terminals that somebody watches, transfers that run, bytes that wait here. */
  get counts(): { watched: number; transfers: number; buffered: number } {
    const lives = [...this.#watched.values()].flatMap(({ live }) => live ?? [])
    return {
      watched: lives.length,
      transfers: this.#transfers.size,
      buffered: lives.reduce((sum, live) => sum + live.buffered, 0),
    }
  }

  /** Begins to tell changes of terminals and to notice those that get a new program. Returns the function that ends it. */
  start(): () => void {
    const ends = [
      this.#options.service.subscribe(({ workspace_id, terminal, closed, bell }) => {
        if (!this.#muted) this.#options.text(encode({ type: 'terminal.state', workspace_id, terminal, closed, bell }))
      }),
      this.#options.service.onReplaced((terminal, goesOn) => {
        if (goesOn) this.#breakOff(terminal)
        this.#drop(terminal)
        this.#watched.delete(terminal)
      }),
    ]
    return () => {
      for (const end of ends) end()
    }
  }

  /** Makes every viewer attach anew. */
  #breakOff(terminal: ManagedTerminal): void {
    const watched = this.#watched.get(terminal)
    for (const transfer of [...(watched?.transfers ?? [])]) transfer.breakOff()
    watched?.live?.breakOff()
  }

  limitFrames(bytes: number): void {
    this.#maxFrame = Math.max(1, Math.min(bytes, FRAME_MAX_PAYLOAD))
  }

  mute(): void {
    this.#muted = true
  }

  /** The connection is lost, or the hub has forgotten everything. */
  reset(): void {
    this.#connection += 1
    this.#muted = false
    for (const terminal of this.#watched.keys()) this.#drop(terminal)
    this.#watched = new Map()
    this.#outputs.clear()
    this.#writers.clear()
    this.#inputAcks.clear()
    this.#sender.clear()
  }

  /** Answers `terminal.attached` with the transfer right behind it, or `error`. Never rejects. */
  async attach(message: RuntimeTerminalAttachMessage): Promise<void> {
    const connection = this.#connection
    await this.#inTurn(message.terminal_id, async () => {
      try {
        const terminal = this.#options.service.find(message.workspace_id, message.terminal_id)
        if (terminal.lost) throw new PilotError('RUNTIME_ERROR', terminal.status().reason ?? undefined)
        await this.#withdraw(message, terminal)
        const { basis, replay } = await this.#lookUp(terminal, message.since)
        if (connection === this.#connection) this.#attach(message, terminal, basis, replay)
      } catch (cause) {
        if (connection !== this.#connection) return
        this.#options.text(encodeError(toPilotError(cause), message.request_id))
      }
    })
  }

  /** A viewer left. Waits for its attach, if that is still being answered. */
  async detach(message: RuntimeTerminalDetachMessage): Promise<void> {
    const connection = this.#connection
    await this.#inTurn(message.terminal_id, async () => {
      if (connection !== this.#connection) return
      const terminal = this.#find(message.workspace_id, message.terminal_id)
      if (!terminal) return
      if (message.last) {
        this.#drop(terminal)
        return
      }
      const { input_channel, transfer_channel } = message
      const transfer = transfer_channel === undefined ? undefined : this.#transfers.get(transfer_channel)
      if (transfer && this.#watchedBy(terminal)?.transfers.has(transfer)) this.#endTransfer(transfer.channel)
      const writer = input_channel === undefined ? undefined : this.#writers.get(input_channel)
      if (writer?.terminal === terminal) this.#leave(writer)
    })
  }

  ack({ channel, offset, interactive }: RuntimeTerminalAckMessage): void {
    this.#outputs.get(channel)?.live?.onAck(offset, interactive)
    this.#transfers.get(channel)?.onAck(offset)
  }

  resize({ workspace_id, terminal_id, input_channel, cols, rows, claim }: RuntimeTerminalResizeMessage): void {
    const writer = this.#writers.get(input_channel)
    const { row } = writer?.terminal ?? {}
    if (!writer || row?.terminal_id !== terminal_id || row.workspace_id !== workspace_id) return
    this.#writers.resize(writer, cols, rows, claim)
  }

  /** Takes an input frame. Frames of channels that are closed are dropped. */
  input(frame: Frame): void {
    const writer = this.#writers.get(frame.channel)
    if (!writer) return
    if (this.#writers.write(writer, frame.offset, frame.payload)) this.#watchedBy(writer.terminal)?.live?.onInput()
  }

  /** What waits of a writer that attaches again is dropped, so that its count is exact: it sends the rest, or discards it. */
  async #withdraw({ actor, writer_id, read_only }: RuntimeTerminalAttachMessage, terminal: ManagedTerminal) {
    if (read_only || !terminal.running) return
    const key = writerKey(actor.user_id, writer_id)
    const before = this.#writers.find(terminal, key)
    if (before) before.closed = true
    await terminal.source.withdraw(key)
  }

  /** What a transfer can begin with: the bytes after what the viewer has, or the picture. */
  async #lookUp(terminal: ManagedTerminal, since: RuntimeTerminalAttachMessage['since']) {
    const { source } = terminal
    const basis = await source.basis()
    if (since?.epoch !== source.status.epoch || since.offset > terminal.end) return { basis, replay: null }
    try {
      return { basis, replay: await source.read(since.offset, FIRST_READ) }
    } catch (cause) {
      if (cause instanceof OutputGone) return { basis, replay: null }
      throw cause
    }
  }

  #attach(
    message: RuntimeTerminalAttachMessage,
    terminal: ManagedTerminal,
    basis: Basis,
    replay: Uint8Array | null,
  ): void {
    const { request_id, workspace_id, writer_id, since } = message
    const key = writerKey(message.actor.user_id, writer_id)
    const had = since?.epoch === terminal.source.status.epoch ? since.offset : 0
    const from = replay ? had : basis.offset
    const end = Math.max(terminal.end, basis.offset, from + (replay?.length ?? 0))
    const input_channel = message.read_only ? null : this.#numbers.take()
    if (input_channel !== null) {
      const { cols, rows, actor } = message
      const userId = actor.user_id
      this.#writers.add({ channel: input_channel, terminal, key, userId, cols, rows, closed: false })
    }
    const first = { offset: basis.offset, cols: basis.cols, rows: basis.rows }
    const { at, after } = terminal.sizesFrom(from, [first, ...basis.sizes])
    const watched = this.#watch(terminal, end)
    const snapshot = replay ? new Uint8Array(0) : basis.snapshot
    const transfer = this.#transfer(terminal, watched, { snapshot, raw: replay ?? new Uint8Array(0), from })
    this.#options.text(
      encode({
        ...{ type: 'terminal.attached', request_id, workspace_id, ...terminal.status() },
        ...{ channel: watched.channel, input_channel, accepted: terminal.source.accepted(key) },
        transfer: {
          channel: transfer.channel,
          kind: replay ? 'replay' : 'snapshot',
          from,
          snapshot_bytes: snapshot.length,
          cols: at.cols,
          rows: at.rows,
          sizes: after.slice(-MAX_SIZES),
          gap: !replay && from > had ? { from: had, to: from } : null,
        },
      }),
    )
    transfer.start()
    // Nothing that is kept leads to the present screen: its program draws it.
    if (!replay && basis.approximate) terminal.source.redraw()
  }

  /** The terminal's output on this link, standing at `end` when nobody watched it. */
  #watch(terminal: ManagedTerminal, end: number): Watched & { live: LiveOutput } {
    const watched = this.#watchedBy(terminal) ?? { channel: this.#numbers.take(), live: null, transfers: new Set() }
    this.#watched.set(terminal, watched)
    this.#outputs.set(watched.channel, watched)
    const { source } = terminal
    const live =
      watched.live ??
      new LiveOutput({ channel: watched.channel, source, start: end, out: this.#out, stats: this.stats })
    watched.live = live
    // Whoever comes is a reason to go on, also from where the ring has outrun the others.
    live.alive()
    terminal.watch = {
      onOutput: (offset, bytes) => live.onOutput(offset, bytes),
      onSize: (size) => live.onSize(size),
      onAccepted: (key, upTo) => {
        const channel = this.#writers.find(terminal, key)?.channel
        if (channel !== undefined) this.#inputAcks.accepted(channel, upTo)
      },
    }
    return { ...watched, live }
  }

  #transfer(
    terminal: ManagedTerminal,
    { live, transfers }: Watched & { live: LiveOutput },
    content: { snapshot: Uint8Array; raw: Uint8Array; from: number },
  ): Transfer {
    const channel = this.#numbers.take()
    const { source } = terminal
    const onEnd = () => this.#endTransfer(channel)
    const transfer = new Transfer({ channel, source, live, out: this.#out, ...content, onEnd })
    transfers.add(transfer)
    this.#transfers.set(channel, transfer)
    return transfer
  }

  #endTransfer(channel: number): void {
    const transfer = this.#transfers.get(channel)
    if (!transfer) return
    transfer.cancel()
    this.#sender.remove(transfer)
    this.#transfers.delete(channel)
    for (const { transfers } of this.#watched.values()) transfers.delete(transfer)
  }

  /** Nobody watches the terminal on this link any more. */
  #drop(terminal: ManagedTerminal): void {
    const watched = this.#watchedBy(terminal)
    terminal.watch = null
    for (const writer of this.#writers.of(terminal)) this.#leave(writer)
    if (!watched) return
    for (const { channel } of [...watched.transfers]) this.#endTransfer(channel)
    if (watched.live) {
      this.#sender.remove(watched.live)
      watched.live.stop()
    }
    watched.live = null
  }

  /** A writer is gone: what waits of it is not typed later on, when it may have been given up. */
  #leave({ channel, key, terminal }: Writer): void {
    this.#writers.remove(channel)
    this.#inputAcks.forget(channel)
    // A source that is gone has nothing waiting.
    terminal.source.withdraw(key).catch(() => {})
  }

  #watchedBy(terminal: ManagedTerminal): Watched | undefined {
    return this.#watched.get(terminal)
  }

  #find(workspaceId: Id<'workspace'>, terminalId: Id<'terminal'>): ManagedTerminal | null {
    try {
      return this.#options.service.find(workspaceId, terminalId)
    } catch {
      return null
    }
  }
}
