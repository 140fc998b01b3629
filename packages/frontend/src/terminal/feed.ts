import type { Frame } from '@pilot/protocol/frame'
import { SCHEMA_VERSION } from '@pilot/protocol/messages/base'
import type { TerminalStateMessage } from '@pilot/protocol/messages/terminal-state'
import type { ViewerDownMessage, ViewerUpMessage } from '@pilot/protocol/viewer'

type WithoutVersion<M> = M extends unknown ? Omit<M, 'schema_version'> : never
/** What a tab says of its terminals. */
export type TerminalUp = WithoutVersion<Extract<ViewerUpMessage, { type: `terminal.${string}` }>>
/** What it hears of them, and the answers to its requests. */
export type TerminalDown = Extract<ViewerDownMessage, { type: `terminal.${string}` | 'ack' | 'error' }>

export interface TerminalTraffic {
  up(): void
  down(): void
  /** The machine is there, or known to be away; also told without a change. */
  machine(online: boolean): void
  message(message: TerminalDown): void
  frame(frame: Frame): void
}

/** The part of a workspace link that terminals use. */
export interface TerminalFeed {
  /** False when the link is down: nothing is queued. */
  send(message: TerminalUp): boolean
  sendFrame(bytes: Uint8Array<ArrayBuffer>): boolean
  /** Asks the machine for a sign of life. */
  probe(): void
  /** Hears everything from now on, beginning with `up` when the link is up. The returned function ends it. */
  connect(traffic: TerminalTraffic): () => void
}

/** What the workspace link does for terminals: passes their messages and frames on. */
export function terminalHub(link: {
  send(message: object): boolean
  sendFrame(bytes: Uint8Array<ArrayBuffer>): boolean
  probe(): void
}) {
  const all = new Set<TerminalTraffic>()
  const stateListeners = new Set<(message: TerminalStateMessage) => void>()
  let isUp = false
  let online = true
  const feed: TerminalFeed = {
    send: (message) => link.send({ schema_version: SCHEMA_VERSION, ...message }),
    sendFrame: link.sendFrame,
    probe: link.probe,
    connect: (traffic) => {
      all.add(traffic)
      if (isUp) traffic.up()
      if (isUp && !online) traffic.machine(false)
      return () => all.delete(traffic)
    },
  }
  return {
    feed,
    onState: (listener: (message: TerminalStateMessage) => void) => {
      stateListeners.add(listener)
      return () => stateListeners.delete(listener)
    },
    up: () => {
      isUp = true
      online = true
      for (const traffic of all) traffic.up()
    },
    down: () => {
      isUp = false
      for (const traffic of all) traffic.down()
    },
    machine: (now: boolean) => {
      online = now
      for (const traffic of all) traffic.machine(now)
    },
    message: (message: TerminalDown) => {
      if (message.type === 'terminal.state') for (const listener of stateListeners) listener(message)
      for (const traffic of all) traffic.message(message)
    },
    frame: (frame: Frame) => {
      for (const traffic of all) traffic.frame(frame)
    },
  }
}
