import { ChatChunkSchema } from './chat.ts'
import {
  BROKEN_OFF,
  failureEvent,
  failureOfStatus,
  GARBAGE,
  type ModelFailure,
  SILENT,
  UNREACHABLE,
} from './failure.ts'
import { readSse } from './sse.ts'

/** How long a provider may keep silent, in milliseconds. */
export interface RelayLimits {
  /** Until the first content: models that think without showing it are slow here. */
  first: number
  /** Between two chunks once content flows. */
  idle: number
}

export type RelayResult = { ok: true; body: ReadableStream<Uint8Array> } | { ok: false; failure: ModelFailure }

export interface RelayOptions {
  limits: RelayLimits
  model: string
  /** The key, so that an echo of it never leaves this process. */
  secret: string | null
  /** Aborts the call; called on every way out. */
  abort: () => void
  /** Called once when the stream that was handed out ends. */
  onEnd: (failure: ModelFailure | null) => void
}

/**
 * Checks a provider's answer while passing it on. Nothing is handed out before the first real content, so that every
 * earlier failure can still be told by status; a later one ends the stream with an error event.
 */
export async function relay(answer: Promise<Response>, options: RelayOptions): Promise<RelayResult> {
  const { limits } = options
  const fail = (failure: ModelFailure): RelayResult => {
    options.abort()
    return { ok: false, failure }
  }
  const deadline = Date.now() + limits.first
  const head = await within(answer, limits.first)
  if (head === 'timeout') return fail(SILENT)
  if (head === 'error') return fail(UNREACHABLE)
  if (!head.ok) {
    const detail = await within(errorDetail(head, options.secret), 5_000)
    const text = typeof detail === 'object' ? detail.text : ''
    return fail(failureOfStatus(head.status, text, head.headers.get('retry-after'), options.model))
  }
  if (!head.body || !/text\/event-stream/i.test(head.headers.get('content-type') ?? '')) return fail(GARBAGE)

  const events = readSse(head.body)
  const held: string[] = []
  for (;;) {
    const next = await nextEvent(events, Math.max(1, deadline - Date.now()), options)
    if (next.type === 'failure') return fail(next.failure === BROKEN_OFF ? GARBAGE : next.failure)
    held.push(next.data)
    // A first word can hardly need this many chunks.
    if (held.length > 1_000) return fail(GARBAGE)
    if (next.content) return { ok: true, body: passOn(events, held, options) }
  }
}

function passOn(events: AsyncGenerator<string>, held: string[], options: RelayOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let finished = false
  let ended = false
  const end = (failure: ModelFailure | null) => {
    if (ended) return
    ended = true
    options.abort()
    options.onEnd(failure)
  }
  return new ReadableStream({
    start(controller) {
      for (const data of held) {
        finished ||= isFinish(data)
        controller.enqueue(encoder.encode(`data: ${data}\n\n`))
      }
    },
    async pull(controller) {
      const next = await nextEvent(events, options.limits.idle, options)
      if (next.type === 'chunk') {
        finished ||= next.finish
        controller.enqueue(encoder.encode(`data: ${next.data}\n\n`))
        if (next.data !== '[DONE]') return
      } else if (!finished) {
        // Asking again in silence would show the same words twice.
        controller.enqueue(encoder.encode(failureEvent(next.failure.temporary ? BROKEN_OFF : next.failure)))
      }
      controller.close()
      end(finished ? null : next.type === 'failure' ? next.failure : BROKEN_OFF)
    },
    cancel() {
      end(null)
    },
  })
}

type NextEvent =
  | { type: 'chunk'; data: string; content: boolean; finish: boolean }
  | { type: 'failure'; failure: ModelFailure }

async function nextEvent(events: AsyncGenerator<string>, ms: number, options: RelayOptions): Promise<NextEvent> {
  const next = await within(events.next(), ms)
  if (next === 'timeout') return { type: 'failure', failure: SILENT }
  if (next === 'error' || next.done) return { type: 'failure', failure: BROKEN_OFF }
  const data = next.value
  if (data === '[DONE]') return { type: 'chunk', data, content: true, finish: true }
  const chunk = parseChunk(data)
  if (!chunk) return { type: 'failure', failure: { ...GARBAGE, temporary: false } }
  if (chunk.error) {
    const message = typeof chunk.error === 'string' ? chunk.error : (chunk.error.message ?? '')
    return { type: 'failure', failure: failureOfStatus(502, clean(message, options.secret), null, options.model) }
  }
  return { type: 'chunk', data, content: hasContent(chunk), finish: hasFinish(chunk) }
}

function parseChunk(data: string) {
  try {
    const parsed = ChatChunkSchema.safeParse(JSON.parse(data))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

type Chunk = NonNullable<ReturnType<typeof parseChunk>>

function hasFinish(chunk: Chunk): boolean {
  return chunk.choices?.some((choice) => typeof choice.finish_reason === 'string') ?? false
}

function hasContent(chunk: Chunk): boolean {
  if (hasFinish(chunk)) return true
  return (
    chunk.choices?.some(({ delta }) =>
      Object.entries(delta ?? {}).some(([key, value]) => key !== 'role' && value !== '' && value != null),
    ) ?? false
  )
}

function isFinish(data: string): boolean {
  if (data === '[DONE]') return true
  const chunk = parseChunk(data)
  return chunk !== null && hasFinish(chunk)
}

/** Resolves with 'timeout' or 'error' instead of waiting for ever or throwing. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'timeout' | 'error'> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), ms)
  })
  try {
    return await Promise.race([promise.catch((): 'error' => 'error'), timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** The provider's own sentence of an error answer, at most 300 characters. */
async function errorDetail(response: Response, secret: string | null): Promise<{ text: string }> {
  const reader = response.body?.getReader()
  if (!reader) return { text: '' }
  const decoder = new TextDecoder()
  let raw = ''
  try {
    while (raw.length < 16_000) {
      const { done, value } = await reader.read()
      if (done) break
      raw += decoder.decode(value, { stream: true })
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
  if (/^\s*</.test(raw)) return { text: '' }
  const quoted = /"message"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(raw)?.[1]
  const code = /"code"\s*:\s*"([a-z_]+)"/.exec(raw)?.[1]
  const message = quoted ? String(JSON.parse(quoted)) : raw
  return { text: clean(code ? `${message} (${code})` : message, secret) }
}

function clean(text: string, secret: string | null): string {
  const safe = secret ? text.replaceAll(secret, '***') : text
  return safe
    .replace(/\b(sk|key)-[\w*-]{6,}/g, '***')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
}
