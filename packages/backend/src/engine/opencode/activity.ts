import type { EngineEvent } from '../engine.ts'

/** OpenCode keeps 50-70 MB for every directory in which it has worked, and never lets go by itself. */
const MAX_DIRECTORIES = 8

/** Knows which sessions run, when the engine was last used, and which directories it holds. */
export class Activity {
  readonly #busy = new Set<string>()
  readonly #directoryOf = new Map<string, string>()
  /** In order of use, the latest last. */
  readonly #directories = new Map<string, true>()
  #lastUse = Date.now()

  isBusy(): boolean {
    return this.#busy.size > 0
  }

  idleMs(): number {
    return this.#busy.size > 0 ? 0 : Date.now() - this.#lastUse
  }

  touch(): void {
    this.#lastUse = Date.now()
  }

  observe(event: EngineEvent): void {
    if (event.type === 'run') {
      if (event.run.status === 'idle') this.#busy.delete(event.external_id)
      else this.#busy.add(event.external_id)
      this.touch()
    }
    if (event.type === 'session.removed') this.#busy.delete(event.external_id)
    if (event.type === 'session.created') this.#directoryOf.set(event.external_id, event.directory)
  }

  /** Nothing runs in a process that is gone. */
  reset(): void {
    this.#busy.clear()
    this.#directories.clear()
    this.#directoryOf.clear()
  }

  /** A prompt goes to this directory. Gives the directories that should be let go, longest unused first. */
  use(externalId: string, directory: string): string[] {
    this.touch()
    this.#busy.add(externalId)
    this.#directoryOf.set(externalId, directory)
    this.#directories.delete(directory)
    this.#directories.set(directory, true)
    const working = new Set([...this.#busy].map((id) => this.#directoryOf.get(id)))
    const excess = this.#directories.size - MAX_DIRECTORIES
    const idle = [...this.#directories.keys()].filter((each) => !working.has(each))
    return excess > 0 ? idle.slice(0, excess) : []
  }

  /** The prompt was not taken after all. */
  release(externalId: string): void {
    this.#busy.delete(externalId)
  }

  forget(directory: string): void {
    this.#directories.delete(directory)
  }
}
