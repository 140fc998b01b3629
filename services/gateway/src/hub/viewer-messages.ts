import { PilotError, toPilotError } from '@pilot/domain/errors'
import { CLOSE } from '@pilot/protocol/close-codes'
import type { DownMessage } from '@pilot/protocol/down'
import { createDecoder, encode, encodeError, type Outgoing, TEXT_LIMIT } from '@pilot/protocol/envelope'
import { decodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import type { Clock } from '@pilot/protocol/link/clock'
import { PING } from '@pilot/protocol/messages/ping'
import type { TerminalModeMessage } from '@pilot/protocol/messages/terminal-mode'
import { ViewerUpMessageSchema } from '@pilot/protocol/viewer'
import { COMMAND_TIMEOUT_MS, SMALL_FRAME_BYTES } from './limits.ts'
import type { RuntimeLink } from './link.ts'
import { scopeOf, type Terminals } from './terminals.ts'
import type { Viewer } from './viewers.ts'
import type { AgentWatches } from './watches.ts'

const decode = createDecoder(ViewerUpMessageSchema, TEXT_LIMIT.viewer_up)
/** An acknowledgement is short; what only looks like one has its own limit as well. */
const ACK_MARK = '"type":"terminal.ack"'
const LONGEST_ACK = 250

export interface ViewerMessagePorts {
  clock: Clock
  watches: AgentWatches
  terminals: Terminals
  /** Throws RUNTIME_OFFLINE. */
  readyLink(): Promise<RuntimeLink>
  /** Closes this tab's socket and forgets it. */
  drop(code: number, reason: string): void
}

/** Anything that a tab sent. Never throws; who the tab is comes from its socket, never from what it says. */
export function receiveFromViewer(viewer: Viewer, data: string | Uint8Array<ArrayBuffer>, ports: ViewerMessagePorts) {
  if (typeof data === 'string') receiveText(viewer, data, ports)
  else receiveFrame(viewer, data, ports)
}

function receiveFrame(viewer: Viewer, bytes: Uint8Array<ArrayBuffer>, { clock, terminals, drop }: ViewerMessagePorts) {
  const decoded = decodeFrame(bytes)
  if ('problem' in decoded && decoded.problem !== 'unknown_kind') {
    drop(CLOSE.policy, decoded.problem)
    return
  }
  const frame = 'frame' in decoded ? decoded.frame : null
  if (frame && frame.kind !== FRAME_KIND.terminal_input) {
    drop(CLOSE.policy, 'only input frames are taken here')
    return
  }
  // A kind of a later protocol is left alone, and counted.
  const outcome = frame ? terminals.input(viewer, bytes, frame) : 'ignored'
  const counted = outcome === 'ignored' || bytes.length < SMALL_FRAME_BYTES
  if (outcome === 'beyond') drop(CLOSE.policy, 'more input than was accepted')
  else if (counted && !viewer.frames.take(clock.now())) drop(CLOSE.rate, 'too many frames')
}

function receiveText(viewer: Viewer, text: string, ports: ViewerMessagePorts): void {
  const { watches, terminals, clock, drop } = ports
  const { socket } = viewer
  const bucket = text.length <= LONGEST_ACK && text.includes(ACK_MARK) ? viewer.acks : viewer.bucket
  if (!bucket.take(clock.now())) {
    drop(CLOSE.rate, 'too many messages')
    return
  }
  if (text === PING) return
  const decoded = decode(text)
  if (!decoded.ok) {
    if (decoded.fatal) drop(CLOSE.policy, 'message too large')
    else socket.send(decoded.reply)
    return
  }
  const { message } = decoded
  switch (message.type) {
    case 'agent.watch':
      watches.watch(viewer, message)
      break
    case 'agent.unwatch':
      watches.unwatch(viewer, message.agent_session_id)
      break
    case 'agent.ack':
      watches.ack(viewer, message.agent_session_id, message.seq)
      break
    case 'terminal.attach':
      terminals.attach(viewer, message)
      break
    case 'terminal.detach':
      terminals.detach(viewer, message.terminal_id)
      break
    case 'terminal.visible':
      terminals.visible(viewer, message)
      break
    case 'terminal.resize':
      terminals.resize(viewer, message)
      break
    case 'terminal.ack':
      terminals.ack(viewer, message)
      break
    case 'terminal.mode':
      void setMode(viewer, message, ports)
      break
    case 'probe': {
      const { request_id, nonce } = message
      void answer(viewer, request_id, ports, () => ({ type: 'probe', nonce }))
      break
    }
  }
}

/** Who may type is decided and kept by the machine. */
function setMode(viewer: Viewer, message: TerminalModeMessage, ports: ViewerMessagePorts): Promise<void> {
  const { request_id, terminal_id, mode, take_over } = message
  const { identity } = viewer
  return answer(viewer, request_id, ports, (link) => {
    if (!link.terminals) throw new PilotError('CAPABILITY_UNSUPPORTED')
    if (!ports.terminals.belongsTo(viewer, terminal_id))
      throw new PilotError('NOT_FOUND', 'There is no such terminal in this workspace.')
    if (identity.read_only) throw new PilotError('FORBIDDEN', 'This is not possible while you act as somebody else.')
    return { type: 'terminal.mode', ...scopeOf(identity), terminal_id, mode, take_over }
  })
}

type Question<M> = M extends { request_id: string } ? Omit<M, 'request_id'> : never

/** Asks the machine and answers the tab's request with what it said. */
async function answer(
  { socket }: Viewer,
  requestId: string,
  { readyLink }: ViewerMessagePorts,
  question: (link: RuntimeLink) => Question<Outgoing<Extract<DownMessage, { type: 'terminal.mode' | 'probe' }>>>,
): Promise<void> {
  try {
    const link = await readyLink()
    const message = question(link)
    const data = await link.pending.track(COMMAND_TIMEOUT_MS, (request_id) => link.send({ ...message, request_id }))
    socket.send(encode({ type: 'ack', request_id: requestId, ok: true, data }))
  } catch (cause) {
    socket.send(encodeError(toPilotError(cause), requestId))
  }
}
