import { type ErrorCode, PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import { encode, encodeError } from '@pilot/protocol/envelope'
import type { Frame } from '@pilot/protocol/frame'
import type { Clock } from '@pilot/protocol/link/clock'
import type { Actor } from '@pilot/protocol/messages/base'
import type { RuntimeHelloMessage } from '@pilot/protocol/messages/runtime-hello'
import type { TerminalAckMessage } from '@pilot/protocol/messages/terminal-ack'
import type { TerminalAttachMessage } from '@pilot/protocol/messages/terminal-attach'
import type { RuntimeTerminalAttachedMessage } from '@pilot/protocol/messages/terminal-attached'
import type { TerminalInputAckMessage } from '@pilot/protocol/messages/terminal-input-ack'
import type { TerminalResizeMessage, TerminalSizeMessage } from '@pilot/protocol/messages/terminal-resize'
import type { RuntimeTerminalStateMessage } from '@pilot/protocol/messages/terminal-state'
import type { TerminalTransferEndMessage } from '@pilot/protocol/messages/terminal-transfer-end'
import type { TerminalVisibleMessage } from '@pilot/protocol/messages/terminal-visible'
import { INPUT_FRAME_MAX } from '@pilot/protocol/terminal/model'
import { KnownTerminals } from './known-terminals.ts'
import { COMMAND_TIMEOUT_MS, MAX_KNOWN_TERMINALS, MAX_TERMINALS_PER_VIEWER } from './limits.ts'
import type { ViewerIdentity } from './port.ts'
import { AckAggregate } from './terminal-acks.ts'
import {
  type Attachment,
  ackState,
  BEHIND_BYTES,
  type LiveTerminal,
  newAttachment,
  takeInput,
} from './terminal-attachment.ts'
import type { Viewer } from './viewers.ts'
import type { SendDown } from './watches.ts'

type Bytes = Uint8Array<ArrayBuffer>
/** `greeting`: connected, not welcomed; what is asked meanwhile waits for it. */
type LinkState = 'away' | 'greeting' | 'ready' | 'unsupported'

export interface TerminalPorts {
  clock: Clock
  send: SendDown
  sendFrame(bytes: Bytes): boolean
  /** Something was typed or put out. */
  onActive(terminalId: Id<'terminal'>): void
  /** The socket of this tab takes no more: it is to be forgotten. */
  onLost(viewer: Viewer): void
}

/**
 * Fan-out of terminals: the machine sends each byte of output once, and the very buffer that arrived goes to every tab
 * that is up to date. Nothing is kept here but positions; a tab that cannot go on from its position is told so
 * (`terminal.reset`) and attaches again, which gives it a transfer from exactly where it was.
 */
export class Terminals {
  readonly #ports: TerminalPorts
  #link: LinkState = 'away'
  readonly #known = new KnownTerminals()
  /** By workspace and terminal, so that an id guessed in another workspace meets nothing. */
  readonly #live = new Map<string, LiveTerminal>()
  readonly #byChannel = new Map<number, LiveTerminal>()
  readonly #byTransfer = new Map<number, Attachment>()
  readonly #byInput = new Map<number, Attachment>()
  readonly #requests = new Map<string, Attachment>()
  /** Attaches that were given up before their answer came: their channels are closed when it does. */
  readonly #abandoned = new Map<string, Attachment>()
  /** Tabs whose attachments ended without a word, because the link or the hub's memory was lost. */
  readonly #stale = new Set<Viewer>()
  /** Tabs that wait for what the machine says in its hello. */
  readonly #strangers = new Set<Viewer>()

  constructor(ports: TerminalPorts) {
    this.#ports = ports
  }

  /** Terminals that somebody is at, and the sum of who is. */
  get stats(): { terminals: number; attachments: number; channels: number } {
    const attachments = [...this.#live.values()].reduce((sum, { attachments: all }) => sum + all.size, 0)
    const channels = this.#byChannel.size + this.#byTransfer.size + this.#byInput.size + this.#requests.size
    return { terminals: this.#live.size, attachments, channels: channels + this.#abandoned.size + this.#stale.size }
  }

  // --- the link -------------------------------------------------------------------------------------------------

  /** Tells a tab what the machine said last of the terminals of its workspace; when nothing is known yet, after hello. */
  introduce(viewer: Viewer): void {
    if (this.#link !== 'ready') this.#strangers.add(viewer)
    else for (const text of this.#known.texts(viewer.identity.workspace_id)) viewer.socket.send(text)
  }

  /** A tab that was there before the hub lost its memory: it may be attached to anything. */
  restored(viewer: Viewer): void {
    this.#stale.add(viewer)
  }

  /** Everything that hung on the link is void. With `connecting` the next one is there already. */
  suspend(connecting: boolean): void {
    this.#link = connecting ? 'greeting' : 'away'
    for (const terminal of [...this.#live.values()]) {
      Object.assign(terminal, { channel: null, epoch: null } satisfies Partial<LiveTerminal>)
      terminal.acks.reset()
      for (const attachment of [...terminal.attachments]) {
        const { state, request_id, viewer } = attachment
        // What was never sent goes on waiting while somebody is there to answer it.
        if (state === 'attaching' && request_id === null && connecting) continue
        if (state === 'attaching') this.#refuse(attachment, 'RUNTIME_OFFLINE')
        else this.#stale.add(viewer)
        this.#remove(attachment)
      }
    }
    this.#byChannel.clear()
    this.#byTransfer.clear()
    this.#byInput.clear()
    this.#requests.clear()
    this.#abandoned.clear()
    this.#known.clear()
  }

  /** The link is welcomed. `supported`: this machine has terminals. Tells every tab that lost its attachments. */
  open(supported: boolean, terminals: RuntimeHelloMessage['terminals']): void {
    this.#link = supported ? 'ready' : 'unsupported'
    this.#known.replace(terminals)
    const text = encode({ type: 'terminal.reset', reason: 'link' })
    const stale = [...this.#stale]
    this.#stale.clear()
    for (const viewer of stale) viewer.socket.send(text)
    const strangers = [...this.#strangers]
    this.#strangers.clear()
    if (supported) for (const viewer of strangers) this.introduce(viewer)
    for (const terminal of [...this.#live.values()])
      for (const attachment of [...terminal.attachments])
        if (attachment.request_id === null && attachment.state === 'attaching') this.#ask(attachment)
  }

  // --- from a tab -----------------------------------------------------------------------------------------------

  /** See `terminal.attach`. Asking again replaces what the tab had. */
  attach(viewer: Viewer, asked: TerminalAttachMessage): void {
    const { terminal_id, request_id } = asked
    const refuse = (code: ErrorCode, message?: string) =>
      viewer.socket.send(encodeError(new PilotError(code, message), request_id))
    if (!this.belongsTo(viewer, terminal_id)) {
      refuse('NOT_FOUND', 'There is no such terminal in this workspace.')
      return
    }
    if (this.#link === 'away') {
      refuse('RUNTIME_OFFLINE')
      return
    }
    if (!viewer.terminals.has(terminal_id) && viewer.terminals.size >= MAX_TERMINALS_PER_VIEWER) {
      refuse('LIMIT_REACHED', 'This tab shows too many terminals.')
      return
    }
    const terminal = this.#terminal(viewer.identity.workspace_id, terminal_id)
    const attachment = newAttachment(viewer, terminal, asked)
    // First in, so that the one it replaces is not the last one who watches.
    terminal.attachments.add(attachment)
    const previous = viewer.terminals.get(terminal_id)
    if (previous) this.#leave(previous, 'CANCELLED')
    viewer.terminals.set(terminal_id, attachment)
    attachment.cancelTimer = this.#ports.clock.after(COMMAND_TIMEOUT_MS, () =>
      this.#leave(attachment, 'RUNTIME_TIMEOUT'),
    )
    if (this.#link !== 'greeting') this.#ask(attachment)
  }

  detach(viewer: Viewer, terminalId: Id<'terminal'>): void {
    const attachment = viewer.terminals.get(terminalId)
    if (attachment) this.#leave(attachment, 'CANCELLED')
  }

  /** The tab is gone. */
  removeViewer(viewer: Viewer): void {
    this.#stale.delete(viewer)
    this.#strangers.delete(viewer)
    for (const attachment of [...viewer.terminals.values()]) this.#leave(attachment, null)
  }

  visible(viewer: Viewer, { terminal_id, visible }: TerminalVisibleMessage): void {
    const attachment = viewer.terminals.get(terminal_id)
    if (!attachment || attachment.visible === visible) return
    attachment.visible = visible
    this.#tellAcks(attachment.terminal)
  }

  resize(viewer: Viewer, { terminal_id, ...size }: TerminalResizeMessage): void {
    const attachment = viewer.terminals.get(terminal_id)
    const input_channel = attachment?.input_channel ?? null
    if (input_channel === null) return
    const { cols, rows, claim } = size
    const asked = { terminal_id, input_channel, cols, rows, claim }
    this.#ports.send({ type: 'terminal.resize', ...scopeOf(viewer.identity), ...asked })
  }

  ack(viewer: Viewer, { channel, offset }: TerminalAckMessage): void {
    const transferring = this.#byTransfer.get(channel)
    if (transferring?.viewer === viewer) {
      this.#ackTransfer(transferring, offset)
      return
    }
    const terminal = this.#byChannel.get(channel)
    const attachment = terminal && viewer.terminals.get(terminal.terminal_id)
    if (!attachment || attachment.terminal !== terminal) return
    if (attachment.state !== 'live' && attachment.state !== 'behind') return
    // Nobody has parsed what was not sent.
    const upTo = Math.min(offset, attachment.cursor)
    if (upTo <= attachment.acked) return
    attachment.acked = upTo
    if (attachment.state === 'behind' && attachment.acked >= attachment.cursor) this.#void(attachment, 'behind')
    this.#tellAcks(terminal)
  }

  /**
   * An input frame, forwarded as it came when this tab owns its channel. `ignored`: it does not, or may only watch;
   * `beyond`: more than a writer may send ahead of what was accepted, or the same bytes over and over.
   */
  input(viewer: Viewer, bytes: Bytes, { channel, offset, payload }: Frame): 'forwarded' | 'ignored' | 'beyond' {
    if (payload.length > INPUT_FRAME_MAX) return 'beyond'
    const attachment = this.#byInput.get(channel)
    // A frame that was on its way when its channel ended is late, not wrong.
    if (attachment?.viewer !== viewer || payload.length === 0) return 'ignored'
    if (!takeInput(attachment, offset, payload.length)) return 'beyond'
    this.#ports.sendFrame(bytes)
    this.#ports.onActive(attachment.terminal.terminal_id)
    return 'forwarded'
  }

  /** False for a terminal that is known to be of another workspace. */
  belongsTo(viewer: Viewer, terminalId: Id<'terminal'>): boolean {
    const workspaceId = this.#known.workspaceOf(terminalId)
    return workspaceId === undefined || workspaceId === viewer.identity.workspace_id
  }

  /** The link is there, and its machine has no terminals. */
  get unsupported(): boolean {
    return this.#link === 'unsupported'
  }

  // --- from the machine -----------------------------------------------------------------------------------------

  onAttached(message: RuntimeTerminalAttachedMessage): void {
    const { request_id, workspace_id, ...status } = message
    const attachment = this.#requests.get(request_id)
    if (!attachment) {
      const given = this.#abandoned.get(request_id)
      this.#abandoned.delete(request_id)
      if (given) this.#closeChannels(given, message.input_channel, message.transfer.channel)
      return
    }
    this.#requests.delete(request_id)
    attachment.cancelTimer()
    const { terminal, viewer, asked } = attachment
    if (message.terminal_id !== terminal.terminal_id || workspace_id !== terminal.workspace_id) {
      this.#giveUp(attachment, 'RUNTIME_ERROR')
      return
    }
    const owner = message.input_channel === null ? undefined : this.#byInput.get(message.input_channel)
    const taken = owner && owner.viewer.identity.user_id !== viewer.identity.user_id
    if (taken || !this.#adopt(terminal, message)) {
      this.#closeChannels(attachment, taken ? null : message.input_channel, message.transfer.channel)
      this.#giveUp(attachment, taken ? 'CONFLICT' : 'RUNTIME_ERROR')
      return
    }
    const input_channel = viewer.identity.read_only ? null : message.input_channel
    Object.assign(attachment, {
      state: 'transfer',
      input_channel,
      accepted: message.accepted,
      forwarded: message.accepted,
      transfer: { channel: message.transfer.channel, sent: 0, acked: 0 },
    } satisfies Partial<Attachment>)
    this.#byTransfer.set(message.transfer.channel, attachment)
    if (input_channel !== null) this.#byInput.set(input_channel, attachment)
    this.#toViewer(viewer, encode({ ...status, input_channel, request_id: asked.request_id }))
  }

  /** The machine refused an attach. True when the reply was for one. */
  onError(requestId: string, error: PilotError): boolean {
    if (this.#abandoned.delete(requestId)) return true
    const attachment = this.#requests.get(requestId)
    if (!attachment) return false
    attachment.viewer.socket.send(encodeError(error, attachment.asked.request_id))
    this.#remove(attachment)
    // Those who left meanwhile were not the last as long as this one was to come.
    this.#closeChannels(attachment, null, null)
    return true
  }

  /** Live output: one buffer to everybody who is up to date. */
  onOutput(bytes: Bytes, { channel, offset, payload }: Frame): void {
    const terminal = this.#byChannel.get(channel)
    if (!terminal) return
    this.#ports.onActive(terminal.terminal_id)
    const end = offset + payload.length
    let lost: Viewer[] | null = null
    let keptUp = true
    for (const attachment of terminal.attachments) {
      if (attachment.state !== 'live') continue
      if (attachment.cursor !== offset) {
        // What lies wholly before was sent already, in the transfer.
        if (end > attachment.cursor) this.#void(attachment, 'link')
        continue
      }
      if (end - attachment.acked > BEHIND_BYTES) {
        attachment.state = 'behind'
        keptUp = false
        continue
      }
      attachment.cursor = end
      if (attachment.viewer.socket.send(bytes)) continue
      lost ??= []
      lost.push(attachment.viewer)
    }
    if (lost) for (const viewer of lost) this.#ports.onLost(viewer)
    if (!keptUp) this.#tellAcks(terminal)
  }

  /** Bytes for one tab alone. */
  onTransfer(bytes: Bytes, { channel, offset, payload }: Frame): void {
    const attachment = this.#byTransfer.get(channel)
    const transfer = attachment?.transfer
    if (!attachment || !transfer || attachment.state !== 'transfer') return
    const end = offset + payload.length
    if (offset !== transfer.sent) this.#void(attachment, 'link')
    else if (end - transfer.acked > BEHIND_BYTES) attachment.state = 'behind'
    else {
      transfer.sent = end
      if (!attachment.viewer.socket.send(bytes)) this.#ports.onLost(attachment.viewer)
    }
  }

  onTransferEnd(message: TerminalTransferEndMessage): void {
    const { channel, to } = message
    const attachment = this.#byTransfer.get(channel)
    if (attachment?.state !== 'transfer') return
    attachment.state = 'live'
    attachment.cursor = to
    attachment.acked = to
    this.#toViewer(attachment.viewer, encode({ type: 'terminal.transfer_end', channel, to }))
    this.#tellAcks(attachment.terminal)
  }

  /** In order with the output: to everybody who gets it now or is about to. */
  onSize({ channel, offset, cols, rows }: TerminalSizeMessage): void {
    const terminal = this.#byChannel.get(channel)
    if (!terminal) return
    const text = encode({ type: 'terminal.size', channel, offset, cols, rows })
    for (const { state, viewer } of [...terminal.attachments])
      if (state === 'live' || state === 'transfer') this.#toViewer(viewer, text)
  }

  onInputAck({ channel, offset }: TerminalInputAckMessage): void {
    const attachment = this.#byInput.get(channel)
    if (!attachment || offset <= attachment.accepted) return
    attachment.accepted = offset
    // What this writer sent before it attached anew may be accepted only now.
    attachment.forwarded = Math.max(attachment.forwarded, offset)
    this.#toViewer(attachment.viewer, encode({ type: 'terminal.input_ack', channel, offset }))
  }

  /** What the machine says of a terminal. False when it says too much, or speaks of the terminal of another workspace. */
  onState(message: RuntimeTerminalStateMessage): boolean {
    if (!this.#known.note(message)) return false
    const { workspace_id, terminal: status, closed } = message
    const terminal = this.#live.get(keyOf(workspace_id, status.terminal_id))
    const over = closed || (terminal?.epoch !== null && terminal?.epoch !== status.epoch)
    if (terminal && over) this.#end(terminal, closed)
    return true
  }

  // --- inside ---------------------------------------------------------------------------------------------------

  #ask(attachment: Attachment): void {
    if (this.#link === 'unsupported') {
      this.#refuse(attachment, 'CAPABILITY_UNSUPPORTED')
      this.#remove(attachment)
      return
    }
    const { viewer, asked } = attachment
    const { terminal_id, writer_id, since, cols, rows } = asked
    const request_id = newId('request')
    attachment.request_id = request_id
    this.#requests.set(request_id, attachment)
    const { read_only } = viewer.identity
    const shape = { terminal_id, writer_id, since, cols, rows, read_only }
    if (this.#ports.send({ type: 'terminal.attach', request_id, ...scopeOf(viewer.identity), ...shape })) return
    this.#refuse(attachment, 'RUNTIME_OFFLINE')
    this.#remove(attachment)
  }

  /** Takes over the channel and epoch of an answer; false when the channel is that of something else. */
  #adopt(terminal: LiveTerminal, { channel, epoch, transfer }: RuntimeTerminalAttachedMessage): boolean {
    const other = this.#byChannel.get(channel)
    if ((other && other !== terminal) || this.#byTransfer.has(transfer.channel)) return false
    if (terminal.epoch !== null && (terminal.epoch !== epoch || terminal.channel !== channel)) {
      // Another program under the same name: nobody can go on from what they have.
      this.#end(terminal, false)
    }
    if (terminal.channel !== null) this.#byChannel.delete(terminal.channel)
    terminal.channel = channel
    terminal.epoch = epoch
    this.#byChannel.set(channel, terminal)
    return true
  }

  /** What its tabs have of it leads nowhere any more. With `closed` it is gone for good. */
  #end(terminal: LiveTerminal, closed: boolean): void {
    terminal.acks.reset()
    for (const attachment of [...terminal.attachments]) {
      if (attachment.state === 'attaching') continue
      if (closed) this.#remove(attachment)
      else this.#void(attachment, 'link')
    }
    terminal.epoch = null
  }

  #ackTransfer(attachment: Attachment, offset: number): void {
    const { transfer, visible, state } = attachment
    if (!transfer) return
    const upTo = Math.min(offset, transfer.sent)
    if (upTo <= transfer.acked) return
    transfer.acked = upTo
    if (state === 'transfer') {
      const { channel } = transfer
      this.#ports.send({ type: 'terminal.ack', channel, offset: upTo, interactive: visible })
    } else if (state === 'behind' && upTo >= transfer.sent && attachment.cursor === 0) {
      this.#void(attachment, 'behind')
    }
  }

  #tellAcks(terminal: LiveTerminal): void {
    const state = ackState(terminal)
    if (state) terminal.acks.update(state)
  }

  /** The tab cannot go on from here; it attaches again. Its input channel stays until then. */
  #void(attachment: Attachment, reason: 'link' | 'behind'): void {
    if (attachment.state === 'void') return
    attachment.state = 'void'
    if (attachment.transfer) this.#byTransfer.delete(attachment.transfer.channel)
    const { terminal_id } = attachment.terminal
    this.#toViewer(attachment.viewer, encode({ type: 'terminal.reset', terminal_id, reason }))
    this.#tellAcks(attachment.terminal)
  }

  /** Ends an attachment from this side. A request that is not answered yet is answered with `code`. */
  #leave(attachment: Attachment, code: ErrorCode | null): void {
    const { state, request_id, transfer, input_channel } = attachment
    if (state === 'attaching' && code !== null) this.#refuse(attachment, code)
    this.#remove(attachment)
    if (state !== 'attaching') this.#closeChannels(attachment, input_channel, transfer?.channel ?? null)
    else if (request_id !== null) {
      this.#abandoned.set(request_id, attachment)
      const [oldest] = this.#abandoned.keys()
      if (this.#abandoned.size > MAX_KNOWN_TERMINALS && oldest !== undefined) this.#abandoned.delete(oldest)
    }
  }

  /** Tells the machine that a tab left, unless another of its attachments uses the same channels. */
  #closeChannels({ viewer, terminal }: Attachment, input: number | null, transfer: number | null): void {
    const { terminal_id, workspace_id } = terminal
    this.#ports.send({
      type: 'terminal.detach',
      ...scopeOf(viewer.identity),
      terminal_id,
      input_channel: input === null || this.#byInput.has(input) ? undefined : input,
      transfer_channel: transfer ?? undefined,
      last: !this.#live.has(keyOf(workspace_id, terminal_id)),
    })
  }

  #giveUp(attachment: Attachment, code: ErrorCode): void {
    this.#refuse(attachment, code)
    this.#remove(attachment)
  }

  #refuse({ viewer, asked }: Attachment, code: ErrorCode): void {
    viewer.socket.send(encodeError(new PilotError(code), asked.request_id))
  }

  #remove(attachment: Attachment): void {
    const { viewer, terminal, request_id, transfer, input_channel } = attachment
    attachment.cancelTimer()
    attachment.state = 'void'
    if (viewer.terminals.get(terminal.terminal_id) === attachment) viewer.terminals.delete(terminal.terminal_id)
    if (request_id !== null) this.#requests.delete(request_id)
    if (transfer) this.#byTransfer.delete(transfer.channel)
    if (input_channel !== null && this.#byInput.get(input_channel) === attachment) this.#byInput.delete(input_channel)
    terminal.attachments.delete(attachment)
    if (terminal.attachments.size > 0) {
      this.#tellAcks(terminal)
      return
    }
    terminal.acks.reset()
    this.#live.delete(keyOf(terminal.workspace_id, terminal.terminal_id))
    if (terminal.channel !== null) this.#byChannel.delete(terminal.channel)
  }

  #terminal(workspace_id: Id<'workspace'>, terminal_id: Id<'terminal'>): LiveTerminal {
    const key = keyOf(workspace_id, terminal_id)
    const known = this.#live.get(key)
    if (known) return known
    const terminal: LiveTerminal = {
      terminal_id,
      workspace_id,
      channel: null,
      epoch: null,
      attachments: new Set(),
      acks: new AckAggregate(this.#ports.clock, (offset, interactive) => {
        const { channel } = terminal
        if (channel !== null) this.#ports.send({ type: 'terminal.ack', channel, offset, interactive })
      }),
    }
    this.#live.set(key, terminal)
    return terminal
  }

  #toViewer(viewer: Viewer, text: string): void {
    if (!viewer.socket.send(text)) this.#ports.onLost(viewer)
  }
}

function keyOf(workspaceId: string, terminalId: string): string {
  return `${workspaceId}/${terminalId}`
}

/** What every workspace message carries on link R, out of what the hub knows of the tab. */
export function scopeOf({ workspace_id, generation, user_id, role }: ViewerIdentity): {
  workspace_id: Id<'workspace'>
  generation: number
  actor: Actor
} {
  return { workspace_id, generation, actor: { user_id, role } }
}
