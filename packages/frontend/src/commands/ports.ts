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

/** localStorage of this origin; nothing outlives the tab when the browser forbids it. */
export function browserStorage(
  open: () => Storage,
  events: Pick<Window, 'addEventListener' | 'removeEventListener'>,
): OutboxStorage {
  const use = <T>(work: (storage: Storage) => T, otherwise: T): T => {
    try {
      return work(open())
    } catch {
      return otherwise
    }
  }
  return {
    keys: (prefix) =>
      use((storage) => {
        const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index))
        return keys.filter((key) => key !== null).filter((key) => key.startsWith(prefix))
      }, []),
    get: (key) => use((storage) => storage.getItem(key), null),
    set: (key, value) =>
      use((storage) => {
        storage.setItem(key, value)
        return true
      }, false),
    remove: (key) => use((storage) => storage.removeItem(key), undefined),
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
