import type { EngineEvent } from '../engine.ts'

/** OpenCode needs some 100 ms; a session without an open answer never says the word that ends the wait. */
const MAX_SETTLING_MS = 1_500

interface Open {
  /** The answer of the failed turn is closed: the next idle is the real one. */
  closed: boolean
  timer: ReturnType<typeof setTimeout>
  waiters: (() => void)[]
  heldIdle: EngineEvent | null
}

/**
 * When a turn fails or is stopped, OpenCode reports idle twice: at the error, and again when it has put everything away.
 * A prompt that arrives between the two is stored and never answered. So the first idle is held back, and prompts wait
 * for the second.
 */
export class Settling {
  readonly #open = new Map<string, Open>()
  readonly #emit: (event: EngineEvent) => void

  constructor(emit: (event: EngineEvent) => void) {
    this.#emit = emit
  }

  /** The turn of this session ended in an error, or was stopped. */
  begin(externalId: string): void {
    if (this.#open.has(externalId)) return
    const timer = setTimeout(() => this.#end(externalId), MAX_SETTLING_MS)
    this.#open.set(externalId, { closed: false, timer, waiters: [], heldIdle: null })
  }

  /** False when the event is held back. */
  admits(event: EngineEvent): boolean {
    if (event.type === 'message' && event.message.role === 'assistant' && event.message.completed_at !== null) {
      const open = this.#open.get(event.external_id)
      if (open) open.closed = true
      return true
    }
    if (event.type !== 'run' || event.run.status !== 'idle') return true
    const open = this.#open.get(event.external_id)
    if (!open) return true
    if (!open.closed) {
      open.heldIdle = event
      return false
    }
    open.heldIdle = null
    this.#end(event.external_id)
    return true
  }

  /** Resolves when the session may take a prompt; at once when nothing is being put away. */
  settled(externalId: string): Promise<void> {
    const open = this.#open.get(externalId)
    return open ? new Promise((resolve) => open.waiters.push(resolve)) : Promise.resolve()
  }

  /** The process is gone, and with it whatever it was putting away. */
  reset(): void {
    for (const externalId of [...this.#open.keys()]) {
      const open = this.#open.get(externalId)
      if (open) open.heldIdle = null
      this.#end(externalId)
    }
  }

  #end(externalId: string): void {
    const open = this.#open.get(externalId)
    if (!open) return
    this.#open.delete(externalId)
    clearTimeout(open.timer)
    if (open.heldIdle) this.#emit(open.heldIdle)
    for (const resolve of open.waiters) resolve()
  }
}
