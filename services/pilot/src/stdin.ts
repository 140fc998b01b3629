/** The longest first line that is read, in bytes. */
const MOST_BYTES = 64 * 1024

/**
 * Reads this process's stdin as its supervisor uses it: one line of JSON first, then nothing until the end, which means
 * that the supervisor is gone. `firstLine` is empty when the stream ends at once; `ended` never rejects.
 */
export function readSupervisor(stream: AsyncIterable<Uint8Array>): {
  firstLine: Promise<string>
  ended: Promise<void>
} {
  let resolveLine: (line: string) => void = () => {}
  const firstLine = new Promise<string>((resolve) => {
    resolveLine = resolve
  })
  const decoder = new TextDecoder()
  let text: string | null = ''
  const read = async () => {
    for await (const chunk of stream) {
      if (text === null) continue
      text += decoder.decode(chunk, { stream: true })
      const end = text.indexOf('\n')
      if (end < 0 && text.length < MOST_BYTES) continue
      resolveLine(text.slice(0, end < 0 ? undefined : end))
      text = null
    }
  }
  const ended = read()
    .catch(() => {})
    .then(() => resolveLine(text ?? ''))
  return { firstLine, ended }
}
