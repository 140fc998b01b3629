import type { Position } from '@pilot/protocol/agent/event'
import type { SessionClock } from './ports.ts'
import type { SessionService } from './service.ts'
import type { SessionId, WorkspaceId } from './store/rows.ts'

/** A reader that is further behind takes a snapshot instead. */
export const MAX_BEHIND = 1_000
const BATCH = 100
const HEARTBEAT_MS = 15_000
const encoder = new TextEncoder()

/**
 * Server-sent events of one session after `since`; without it, from now on. A reader that is too far behind, or knows
 * another epoch, gets one `refetch` with the position from which live events follow. Nothing is queued for a slow
 * reader: its place is a number, and what comes next is read from the journal when it asks.
 */
export function eventStream(
  service: Pick<SessionService, 'position' | 'read' | 'events'>,
  workspaceId: WorkspaceId,
  id: SessionId,
  since: Position | null,
  clock: SessionClock,
): ReadableStream<Uint8Array> {
  const start = service.position(workspaceId, id)
  let epoch = start.epoch
  let after = since?.epoch === start.epoch ? since.seq : start.seq
  let refetch = since !== null && since.epoch !== start.epoch
  let wake: (() => void) | null = null
  let ended = false
  let unsubscribe: () => void = () => undefined
  let cancelHeartbeat: () => void = () => undefined

  function next(): string | null {
    const position = service.position(workspaceId, id)
    const behind = position.seq - after
    if (refetch || position.epoch !== epoch || behind < 0 || behind > MAX_BEHIND || after < position.floor) {
      refetch = false
      epoch = position.epoch
      after = position.seq
      const at = { epoch, seq: after }
      return `event: refetch\nid: ${epoch}:${after}\ndata: ${JSON.stringify(at)}\n\n`
    }
    const entries = service.read(workspaceId, id, after, BATCH)
    after = entries.at(-1)?.seq ?? after
    if (entries.length === 0) return null
    return entries.map((entry) => `id: ${epoch}:${entry.seq}\ndata: ${JSON.stringify(entry)}\n\n`).join('')
  }

  function end(): void {
    ended = true
    unsubscribe()
    cancelHeartbeat()
    wake?.()
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        unsubscribe = service.events.subscribe((item) => {
          if (item.kind === 'event' && item.agent_session_id === id) wake?.()
          if (item.kind === 'summary' && item.summary.agent_session_id === id && item.summary.deleted) wake?.()
        })
        const beat = () => {
          // Only to a reader that waits: the others have data on the way.
          if (wake && !ended) controller.enqueue(encoder.encode(': alive\n\n'))
          cancelHeartbeat = clock.after(HEARTBEAT_MS, beat)
        }
        cancelHeartbeat = clock.after(HEARTBEAT_MS, beat)
        controller.enqueue(encoder.encode(': open\n\n'))
      },
      async pull(controller) {
        for (;;) {
          if (ended) return
          let text: string | null
          try {
            text = next()
          } catch {
            // The session was deleted; the summary says so.
            end()
            return controller.close()
          }
          if (text !== null) return controller.enqueue(encoder.encode(text))
          const { promise, resolve } = Promise.withResolvers<void>()
          wake = resolve
          await promise
          wake = null
        }
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  )
}
