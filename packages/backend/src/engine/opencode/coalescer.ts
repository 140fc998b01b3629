import type { EngineEvent } from '../engine.ts'

/**
 * Thins the stream out: OpenCode repeats a running command's whole output with every line, and sends text word by word.
 * The first one passes at once, because somebody waits for it, and begins a window of `windowMs`: within it deltas of one
 * part are joined and repeated parts replaced. Anything else first lets out what is held, so the order of events stays
 * as it was.
 */
export class Coalescer {
  readonly #held = new Map<string, EngineEvent>()
  readonly #emit: (event: EngineEvent) => void
  readonly #windowMs: number
  /** Runs during a window. */
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
    if (!this.#timer) {
      this.#begin()
      this.#emit(event)
      return
    }
    const held = this.#held.get(key)
    if (event.type === 'part.delta' && held?.type === 'part.delta') {
      this.#held.set(key, { ...event, text: held.text + event.text })
    } else {
      this.#held.set(key, event)
    }
  }

  #begin(): void {
    this.#timer = setTimeout(() => {
      this.#timer = null
      if (this.#held.size === 0) return
      this.#begin()
      this.#letOut()
    }, this.#windowMs)
  }

  /** Lets out everything that is held, at once. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#letOut()
  }

  #letOut(): void {
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
