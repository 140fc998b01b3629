import type { TerminalId } from '@pilot/domain/entities/terminal'

const PREFIX = 'pilot-writer:'
const BYTES = 15

/** What is used of the tab's session storage; it may be missing, full or forbidden. */
export type TabStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** Names under which this tab types: one per terminal, so that the machine can say what it took. */
export interface WriterIds {
  /** This page's name for the terminal. */
  take(terminal: TerminalId): string
  /** Another name from now on, whose count begins at 0. */
  renew(terminal: TerminalId): string
  /** Leaves the names to the page that this tab loads next; called when the page goes. */
  leave(): void
}

/**
 * A page takes its names out of the tab's storage and puts them back when it goes: a duplicated tab gets a copy of the
 * storage, and two pages that count under one name would lose each other's input.
 */
export function writerIds(storage: () => TabStorage): WriterIds {
  const mine = new Map<TerminalId, string>()
  const use = <T>(run: (store: TabStorage) => T): T | null => {
    try {
      return run(storage())
    } catch {
      // Without storage a reloaded page types under a new name.
      return null
    }
  }
  return {
    take: (terminal) => {
      const key = PREFIX + terminal
      let id = mine.get(terminal) ?? use((store) => store.getItem(key))
      use((store) => store.removeItem(key))
      if (!id || !/^[A-Za-z0-9_-]{8,40}$/.test(id)) id = newWriterId()
      mine.set(terminal, id)
      return id
    },
    renew: (terminal) => {
      const id = newWriterId()
      mine.set(terminal, id)
      return id
    },
    leave: () => {
      for (const [terminal, id] of mine) use((store) => store.setItem(PREFIX + terminal, id))
    },
  }
}

function newWriterId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
