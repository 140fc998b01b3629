import type { Id } from '@pilot/domain/ids'
import type { TerminalAttachMessage } from '@pilot/protocol/messages/terminal-attach'
import { INPUT_WINDOW, WINDOW_MAX } from '@pilot/protocol/terminal/model'
import type { AckAggregate, AckState } from './terminal-acks.ts'
import type { Viewer } from './viewers.ts'

/**
 * One tab at one terminal.
 *
 *   attaching ──terminal.attached──▶ transfer ──transfer_end──▶ live ──2 windows unparsed──▶ behind
 *       ▲                               │ gap                    │ gap                         │ all of it parsed
 *       │                               ▼                        ▼                             ▼
 *       └──────── terminal.attach ──── void ◀──────────────── terminal.reset ◀──────────────────┘
 */
export interface Attachment {
  readonly viewer: Viewer
  readonly terminal: LiveTerminal
  /** The tab's own request: what it asked for, and what its answer is correlated with. */
  readonly asked: TerminalAttachMessage
  /** Id of the request on link R; null while it waits for the link. */
  request_id: string | null
  state: 'attaching' | 'transfer' | 'live' | 'behind' | 'void'
  visible: boolean
  /** Channel of this writer's input; null while it may only watch. */
  input_channel: number | null
  /** Input bytes that the terminal took, the end of what was forwarded, and how much of it came a second time. */
  accepted: number
  forwarded: number
  repeated: number
  /** What goes to this tab alone before the live bytes. Offsets count within it. */
  transfer: { channel: number; sent: number; acked: number } | null
  /** Live output: the end of what was sent to this tab, and of what it parsed. */
  cursor: number
  acked: number
  cancelTimer: () => void
}

/** A terminal that somebody is at, or asks for. */
export interface LiveTerminal {
  readonly terminal_id: Id<'terminal'>
  readonly workspace_id: Id<'workspace'>
  /** Channel of its output on this link; null before the first answer. */
  channel: number | null
  epoch: string | null
  readonly attachments: Set<Attachment>
  readonly acks: AckAggregate
}

/** Nothing more is sent to a tab that has not parsed this much. */
export const BEHIND_BYTES = 2 * WINDOW_MAX

export function newAttachment(viewer: Viewer, terminal: LiveTerminal, asked: TerminalAttachMessage): Attachment {
  return {
    viewer,
    terminal,
    asked,
    request_id: null,
    state: 'attaching',
    visible: asked.visible,
    input_channel: null,
    accepted: 0,
    forwarded: 0,
    repeated: 0,
    transfer: null,
    cursor: 0,
    acked: 0,
    cancelTimer: () => undefined,
  }
}

/** Counts input bytes; false when they are too far ahead of what was accepted, or come over and over. */
export function takeInput(attachment: Attachment, offset: number, bytes: number): boolean {
  const end = offset + bytes
  if (end > attachment.accepted + INPUT_WINDOW) return false
  attachment.repeated += Math.max(0, Math.min(end, attachment.forwarded) - offset)
  attachment.forwarded = Math.max(attachment.forwarded, end)
  return attachment.repeated <= INPUT_WINDOW
}

/** Does this tab see the program and keep up with it? Only then may the program be held back. */
function isInteractive(attachment: Attachment): boolean {
  return attachment.visible && attachment.state === 'live' && attachment.cursor - attachment.acked <= WINDOW_MAX
}

/** What everybody who gets the live output has parsed; null while nobody does. */
export function ackState({ attachments }: LiveTerminal): AckState | null {
  let state: AckState | null = null
  for (const attachment of attachments) {
    if (attachment.state !== 'live' && attachment.state !== 'behind') continue
    state ??= { furthest: 0, sent: 0, interactive: false }
    state.furthest = Math.max(state.furthest, attachment.acked)
    state.sent = Math.max(state.sent, attachment.cursor)
    state.interactive ||= isInteractive(attachment)
  }
  return state
}
