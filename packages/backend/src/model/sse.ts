/** An upstream line longer than this is garbage. Bounds the buffer. */
const MAX_EVENT_CHARS = 4_000_000

/** Splits a byte stream into the `data` payloads of its server-sent events. Throws when one is absurdly long. */
export async function* readSse(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let buffer = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      buffer += done ? decoder.decode() : decoder.decode(value, { stream: true })
      for (;;) {
        const end = /\r?\n\r?\n/.exec(buffer)
        if (!end) break
        const data = dataOf(buffer.slice(0, end.index))
        buffer = buffer.slice(end.index + end[0].length)
        if (data !== null) yield data
      }
      if (buffer.length > MAX_EVENT_CHARS) throw new Error('event too long')
      if (done) {
        const data = dataOf(buffer)
        if (data !== null) yield data
        return
      }
    }
  } finally {
    // A consumer that stops early must not leave the connection open.
    await reader.cancel().catch(() => undefined)
  }
}

function dataOf(block: string): string | null {
  const lines = block.split(/\r?\n/).filter((line) => line.startsWith('data:'))
  return lines.length === 0 ? null : lines.map((line) => line.slice(5).trimStart()).join('\n')
}
