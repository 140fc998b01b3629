import type { Frame } from '@pilot/protocol/frame'

/** Why a link is not up. `final` links do not dial again by themselves. */
export interface LinkDown {
  /** When the next attempt starts, in ms since the epoch; null when there is none. */
  retry_at: number | null
  final: boolean
  /** WebSocket close code of the last connection, or null when none was made. */
  code: number | null
  reason: string
}

export interface LinkEvents {
  up(): void
  down(info: LinkDown): void
  /** One text message, parsed from JSON. */
  message(message: unknown): void
  /** One binary frame; its payload is the receiver's own. */
  frame?(frame: Frame): void
}

/** A link that dials, pings and reconnects by itself until it is closed. */
export interface LinkPort {
  /** False when the link is down: nothing is queued, the caller sends again when it is up. */
  send(message: object): boolean
  /** The same for an encoded frame, which is copied. */
  sendFrame(bytes: Uint8Array<ArrayBuffer>): boolean
  /** Asks the other end of the connection itself for a sign of life; the answer only changes `heardAt`. */
  ping(): void
  /** When anything was heard last on any connection, in ms since the epoch; 0 before the first. */
  heardAt(): number
  /** Gives up a connection that says nothing any more, and dials again. */
  restart(): void
  /** Dials at once instead of waiting for the next attempt, such as when the page wakes up. */
  wake(): void
  /** Binary messages so far that were no frame; they are dropped. */
  badFrames(): number
  close(): void
}

export type OpenLink = (events: LinkEvents) => LinkPort
