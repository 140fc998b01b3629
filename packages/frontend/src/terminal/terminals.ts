import type { TerminalId } from '@pilot/domain/entities/terminal'
import type { Id } from '@pilot/domain/ids'
import { type Clock, systemClock } from '../clock.ts'
import type { TerminalFeed } from './feed.ts'
import type { TerminalClient } from './port.ts'
import { createTerminalClient, type TerminalCore } from './terminal-client.ts'
import type { WriterIds } from './writer-ids.ts'

export interface TerminalsOptions {
  /** Of the workspace link. */
  feed: TerminalFeed
  /** Whose exclusive mode lets this tab type. */
  userId: Id<'user'>
  writers: WriterIds
  clock?: Clock
}

/** The terminals of one workspace in this tab. */
export interface Terminals {
  /** The one client of a terminal; it stays until it is closed. */
  open(id: TerminalId): TerminalClient
  /** Closes all clients; the programs go on. */
  close(): void
}

/** Makes the terminals of one workspace link. */
export function createTerminals(options: TerminalsOptions): Terminals {
  const { feed, userId, writers, clock = systemClock } = options
  const open = new Map<TerminalId, TerminalCore>()
  let isUp = false
  let online = true
  const stop = feed.connect({
    up: () => {
      isUp = true
      online = true
      for (const core of open.values()) core.up()
    },
    down: () => {
      isUp = false
      for (const core of open.values()) core.down()
    },
    machine: (now) => {
      online = now
      for (const core of open.values()) core.machine(now)
    },
    message: (message) => {
      for (const core of open.values()) core.message(message)
    },
    frame: (frame) => {
      for (const core of open.values()) core.frame(frame)
    },
  })
  return {
    open: (id) => {
      const known = open.get(id)
      if (known) return known.client
      const closed = () => {
        if (open.get(id) === core) open.delete(id)
      }
      const core = createTerminalClient({ id, feed, userId, writers, clock, closed })
      open.set(id, core)
      if (isUp) core.up()
      if (isUp && !online) core.machine(false)
      return core.client
    },
    close: () => {
      for (const core of [...open.values()]) core.client.close()
      stop()
    },
  }
}
