import { z } from 'zod'
import { authorization, baseUrl, type Connection } from './client.ts'
import { type WireEvent, WireEventSchema } from './wire.ts'

/** OpenCode sends a heartbeat every 10 s; a stream that is silent for longer is dead. */
const SILENCE_MS = 25_000
const CONNECT_TIMEOUT_MS = 5_000
/** One event holds at most a whole tool output; more than this is a fault. */
const MAX_BUFFER_CHARS = 64 * 1024 * 1024

/** Any event of a directory as OpenCode sent it, for clients that speak its own API. */
export const RawEventSchema = z.object({ directory: z.string(), payload: z.looseObject({ type: z.string() }) })
export type RawEvent = z.infer<typeof RawEventSchema>

export interface EventStream {
  /** Settles when the stream is over, for whatever reason. */
  ended: Promise<void>
  close(): void
}

/**
 * Opens `/global/event` and resolves once it flows. Every chunk is handled synchronously as a whole, and fast: OpenCode
 * queues without bound for a slow reader. Rejects when the stream does not open within 5 s.
 */
export async function openEventStream(
  connection: Connection,
  onEvent: (event: WireEvent) => void,
  onUnreadable: (type: string) => void,
  onRaw: (event: RawEvent) => void = () => undefined,
): Promise<EventStream> {
  const controller = new AbortController()
  let timer = setTimeout(() => controller.abort(), CONNECT_TIMEOUT_MS)
  const touch = () => {
    clearTimeout(timer)
    timer = setTimeout(() => controller.abort(), SILENCE_MS)
  }
  try {
    const response = await fetch(`${baseUrl(connection)}/global/event`, {
      headers: { authorization: authorization(connection), accept: 'text/event-stream' },
      signal: controller.signal,
    })
    if (!response.ok || !response.body) throw new Error(`event stream: HTTP ${response.status}`)
    const reader = response.body.getReader()
    const parser = createParser(onEvent, onUnreadable, onRaw)
    const first = await reader.read()
    if (first.done) throw new Error('event stream ended at once')
    parser(first.value)
    touch()
    const ended = pump(reader, parser, touch).finally(() => clearTimeout(timer))
    return { ended, close: () => controller.abort() }
  } catch (cause) {
    clearTimeout(timer)
    controller.abort()
    throw cause
  }
}

async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  parser: (chunk: Uint8Array) => void,
  touch: () => void,
): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      touch()
      parser(value)
    }
  } catch {
    // Closed by us, by silence or by the other side: the caller decides what an end means.
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function createParser(
  onEvent: (event: WireEvent) => void,
  onUnreadable: (type: string) => void,
  onRaw: (event: RawEvent) => void,
) {
  const decoder = new TextDecoder()
  let buffer = ''
  return (chunk: Uint8Array): void => {
    buffer += decoder.decode(chunk, { stream: true })
    if (buffer.length > MAX_BUFFER_CHARS) throw new Error('event too long')
    let start = 0
    for (;;) {
      const end = buffer.indexOf('\n\n', start)
      if (end < 0) break
      read(buffer.slice(start, end), onEvent, onUnreadable, onRaw)
      start = end + 2
    }
    buffer = buffer.slice(start)
  }
}

const KNOWN = new Set<string>(WireEventSchema.shape.payload.options.map((option) => option.shape.type.value))

function read(
  block: string,
  onEvent: (event: WireEvent) => void,
  onUnreadable: (type: string) => void,
  onRaw: (event: RawEvent) => void,
): void {
  if (!block.startsWith('data:')) return
  let json: unknown
  try {
    json = JSON.parse(block.slice(5))
  } catch {
    onUnreadable('json')
    return
  }
  const raw = RawEventSchema.safeParse(json)
  if (raw.success) onRaw(raw.data)
  const type = typeOf(json)
  // `sync` repeats every durable event; plugin, catalogue and file events are not needed.
  if (type === null || !KNOWN.has(type)) return
  const parsed = WireEventSchema.safeParse(json)
  if (parsed.success) onEvent(parsed.data)
  else onUnreadable(type)
}

function typeOf(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || !('payload' in json)) return null
  const { payload } = json
  if (typeof payload !== 'object' || payload === null || !('type' in payload)) return null
  return typeof payload.type === 'string' ? payload.type : null
}
