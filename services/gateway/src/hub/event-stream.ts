import type { Clock } from '@pilot/protocol/link/clock'

const COMMENT = new TextEncoder().encode(':\n\n')
const LINE_FEED = 10
/** How long a stream may be silent: proxies cut what is silent for longer, and a reader that left is found out late. */
export const BEAT_MS = 5_000

/**
 * An answer of server-sent events whose body begins with a comment at once, and has one between events whenever it was
 * quiet for `BEAT_MS`. A server sends the head of an answer with its first byte: without the comment, a quiet stream
 * would look like a machine that does not answer. In a Durable Object the write that fails is also the only sign that
 * the reader left. Every other answer is given back as it is.
 */
export function withBeat(answer: Response, clock: Clock): Response {
  const { body, status, headers } = answer
  if (!body || !headers.get('content-type')?.startsWith('text/event-stream')) return answer
  const longer = new Headers(headers)
  longer.delete('content-length')
  return new Response(beating(body, clock), { status, headers: longer })
}

function beating(body: ReadableStream<Uint8Array>, clock: Clock): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let cancelBeat: () => void = () => undefined
  /** The last two bytes that were sent: a comment may only stand between events. */
  let tail: number[] = [LINE_FEED, LINE_FEED]
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(COMMENT)
      const beat = () => {
        const between = tail.every((byte) => byte === LINE_FEED)
        // A reader that is slow has something to read already.
        if (between && (controller.desiredSize ?? 0) > 0) controller.enqueue(COMMENT)
        cancelBeat = clock.after(BEAT_MS, beat)
      }
      cancelBeat = clock.after(BEAT_MS, beat)
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) {
          cancelBeat()
          controller.close()
          return
        }
        tail = [...tail, ...value.subarray(-2)].slice(-2)
        controller.enqueue(value)
      } catch (cause) {
        cancelBeat()
        controller.error(cause)
      }
    },
    cancel(reason) {
      cancelBeat()
      return reader.cancel(reason)
    },
  })
}
