import type { EngineEvent } from '../engine.ts'

/**
 * Thins the stream out: OpenCode repeats a running command's whole output with every line, and sends text word by word.
 * Deltas of one part are joined and repeated parts replaced within `windowMs`; anything else first lets out what is
 * held, so the order of events stays as it was.
 */
export class Coalescer {
  readonly #held = new Map<string, EngineEvent>()
  readonly #emit: (event: EngineEvent) => void
  readonly #windowMs: number
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(emit: (event: EngineEvent) => void, windowMs: number) {
    this.#emit = emit
    this.#windowMs = windowMs
  }

  push(event: EngineEvent): void {
    const key = keyOf(event)
    if (key === null) {
      this.flush()
      this.#emit(event)
      return
    }
    const held = this.#held.get(key)
    if (event.type === 'part.delta' && held?.type === 'part.delta') {
      this.#held.set(key, { ...event, text: held.text + event.text })
    } else {
      this.#held.set(key, event)
    }
    this.#timer ??= setTimeout(() => this.flush(), this.#windowMs)
  }

  /** Lets out everything that is held, at once. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const events = [...this.#held.values()]
    this.#held.clear()
    for (const event of events) this.#emit(event)
  }
}

/** Null for events that must not wait. Deltas and whole parts never mix: a text part runs on deltas until its end. */
function keyOf(event: EngineEvent): string | null {
  if (event.type === 'part.delta') return `delta ${event.part_id}`
  if (event.type === 'part' && event.part.type === 'tool' && event.part.status === 'running') {
    return `part ${event.part.id}`
  }
  return null
}
