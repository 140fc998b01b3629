/** The part of `localStorage` that the outbox needs, with news of what other tabs wrote. */
export interface OutboxStorage {
  keys(prefix: string): string[]
  get(key: string): string | null
  /** False when the browser has no room or forbids storage; the record then lives as long as the tab. */
  set(key: string, value: string): boolean
  remove(key: string): void
  /** Calls back when another tab changed something below `prefix`. Returns a function that stops it. */
  onChange(prefix: string, listener: () => void): () => void
}

export interface TabLocks {
  /**
   * Runs `task` while holding the named lock over all tabs, or answers false at once when another tab holds it. A tab
   * that dies frees its locks.
   */
  tryRun(name: string, task: () => Promise<void>): Promise<boolean>
}

/** localStorage of this origin. Works (for this tab only) when the browser forbids storage. */
export function browserStorage(
  storage: Storage,
  events: Pick<Window, 'addEventListener' | 'removeEventListener'>,
): OutboxStorage {
  return {
    keys: (prefix) => {
      const keys: string[] = []
      for (let index = 0; index < storage.length; index++) {
        const key = storage.key(index)
        if (key?.startsWith(prefix)) keys.push(key)
      }
      return keys
    },
    get: (key) => storage.getItem(key),
    set: (key, value) => {
      try {
        storage.setItem(key, value)
        return true
      } catch {
        return false
      }
    },
    remove: (key) => storage.removeItem(key),
    onChange: (prefix, listener) => {
      const changed = (event: StorageEvent) => {
        if (event.key === null || event.key.startsWith(prefix)) listener()
      }
      events.addEventListener('storage', changed)
      return () => events.removeEventListener('storage', changed)
    },
  }
}

/** Web Locks; without them every tab sends, which repeats a request with the same id and so has one effect. */
export function browserLocks(locks: LockManager | undefined): TabLocks {
  if (!locks) {
    return {
      tryRun: async (_name, task) => {
        await task()
        return true
      },
    }
  }
  return {
    tryRun: (name, task) =>
      locks.request(name, { ifAvailable: true }, async (lock) => {
        if (lock === null) return false
        await task()
        return true
      }),
  }
}
