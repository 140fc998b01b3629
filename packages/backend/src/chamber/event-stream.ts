import type { EventRing, RingEntry } from './event-ring.ts'

const HEARTBEAT_MS = 10_000
/** A reader that is this far behind is cut off; it comes back with its last id. */
const MAX_QUEUED_BYTES = 1024 * 1024

export interface EventStreamOptions {
  ring: EventRing
  /** `global` wraps each event in its directory, as OpenCode's two streams differ. */
  shape: 'event' | 'global'
  /** Asked for each event, since sessions come and go while the stream is open. */
  wanted: (directory: string) => boolean
  lastEventId: string | null
  signal: AbortSignal
}

/**
 * A stream of OpenCode's events, limited to the directories of one workspace. Begins like OpenCode's own with
 * `server.connected`; with a `Last-Event-ID` that is still known it goes on without a gap. The durable copies
 * (`type: "sync"`) belong to the global stream alone.
 */
export function eventStream(options: EventStreamOptions): Response {
  const { ring, shape, signal } = options
  const encoder = new TextEncoder()
  const wrap = (payload: unknown, directory: string) => (shape === 'global' ? { directory, payload } : payload)
  const encode = (data: unknown, id?: string) =>
    encoder.encode(`${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`)
  const wanted = (entry: RingEntry) =>
    options.wanted(entry.directory) && (shape === 'global' || entry.payload.type !== 'sync')
  let close = () => {}

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let closed = false
        const send = (bytes: Uint8Array) => {
          if (closed) return
          if ((controller.desiredSize ?? 0) <= 0) end()
          else controller.enqueue(bytes)
        }
        const sendEntry = (entry: RingEntry) => {
          if (wanted(entry)) send(encode(wrap(entry.payload, entry.directory), ring.idOf(entry)))
        }
        const heartbeat = setInterval(
          () => send(encode(wrap({ type: 'server.heartbeat', properties: {} }, 'global'))),
          HEARTBEAT_MS,
        )
        const unsubscribe = ring.subscribe(sendEntry)
        function release() {
          closed = true
          clearInterval(heartbeat)
          unsubscribe()
          signal.removeEventListener('abort', end)
        }
        function end() {
          if (closed) return
          release()
          controller.close()
        }
        close = release
        signal.addEventListener('abort', end, { once: true })
        send(encode(wrap({ type: 'server.connected', properties: {} }, 'global')))
        const missed = options.lastEventId === null ? null : ring.after(options.lastEventId, options.wanted)
        for (const entry of missed ?? []) sendEntry(entry)
        if (signal.aborted) end()
      },
      cancel: () => close(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_QUEUED_BYTES }),
  )
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  })
}
