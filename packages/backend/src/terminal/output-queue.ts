/** Output of one terminal that came from its source and was not sent yet, in order. Holes are kept as holes. */
export class OutputQueue {
  #chunks: { offset: number; bytes: Uint8Array }[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** Offset of the next byte to send; null when the queue is empty. */
  get start(): number | null {
    return this.#chunks[0]?.offset ?? null
  }

  push(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.push({ offset, bytes })
    this.#bytes += bytes.length
  }

  /** Takes up to `max` bytes that belong together. */
  take(max: number): { offset: number; bytes: Uint8Array } | null {
    const first = this.#chunks[0]
    if (!first || max <= 0) return null
    const { offset } = first
    if (first.bytes.length >= max) {
      const bytes = first.bytes.subarray(0, max)
      this.drop(offset + max)
      return { offset, bytes }
    }
    const parts: Uint8Array[] = []
    let end = offset
    for (const { offset: at, bytes } of this.#chunks) {
      if (at !== end || end - offset === max) break
      const part = bytes.subarray(0, max - (end - offset))
      parts.push(part)
      end += part.length
    }
    this.drop(end)
    const [only] = parts
    return { offset, bytes: parts.length === 1 && only ? only : joined(parts, end - offset) }
  }

  /** Forgets everything before `offset`. */
  drop(offset: number): void {
    while (this.#chunks[0]) {
      const first = this.#chunks[0]
      const end = first.offset + first.bytes.length
      if (end > offset) {
        if (first.offset >= offset) return
        this.#bytes -= offset - first.offset
        this.#chunks[0] = { offset, bytes: first.bytes.subarray(offset - first.offset) }
        return
      }
      this.#chunks.shift()
      this.#bytes -= first.bytes.length
    }
  }

  clear(): void {
    this.#chunks = []
    this.#bytes = 0
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
