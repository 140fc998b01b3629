import type { OutboxStorage, TabLocks } from '../commands/ports.ts'

/** One browser profile: storage and locks that several tabs share. */
export class FakeBrowser {
  readonly entries = new Map<string, string>()
  readonly #held = new Set<string>()
  readonly #listeners = new Map<object, () => void>()
  full = false

  /** The profile as one tab sees it; a tab does not hear its own changes. */
  tab(): { storage: OutboxStorage; locks: TabLocks } {
    const self = {}
    const changed = () => {
      for (const [tab, listener] of this.#listeners) if (tab !== self) listener()
    }
    return {
      storage: {
        keys: (prefix) => [...this.entries.keys()].filter((key) => key.startsWith(prefix)),
        get: (key) => this.entries.get(key) ?? null,
        set: (key, value) => {
          if (this.full) return false
          this.entries.set(key, value)
          changed()
          return true
        },
        remove: (key) => {
          if (this.entries.delete(key)) changed()
        },
        onChange: (_prefix, listener) => {
          this.#listeners.set(self, listener)
          return () => this.#listeners.delete(self)
        },
      },
      locks: {
        tryRun: async (name, task) => {
          if (this.#held.has(name)) return false
          this.#held.add(name)
          try {
            await task()
          } finally {
            this.#held.delete(name)
          }
          return true
        },
      },
    }
  }
}
