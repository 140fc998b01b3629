/** One event as OpenCode's global stream gives it. */
export interface RawEngineEvent {
  directory: string
  payload: { type: string } & Record<string, unknown>
}

export interface RingEntry extends RawEngineEvent {
  /** Position over all directories, counted from 1 at each start of the runtime. */
  n: number
}

const PER_DIRECTORY = 1_000
const MAX_DIRECTORIES = 64
const MAX_BYTES = 16 * 1024 * 1024

/**
 * The last 1,000 events of each directory, so that a client of OpenCode's streams can go on where it stopped, which
 * OpenCode itself does not offer. Bounded by events per directory, directories and bytes; the oldest go first.
 */
export function createEventRing(boot: string) {
  const rings = new Map<string, { entries: (RingEntry & { bytes: number })[] }>()
  const listeners = new Set<(entry: RingEntry) => void>()
  let last = 0
  let bytes = 0
  /** Newest position that is no longer kept for some directory: a client from before it may have a gap. */
  const lost = new Map<string, number>()
  /** The same for directories that are forgotten altogether. */
  let lostFloor = 0

  function dropOldest(directory: string, ring: { entries: (RingEntry & { bytes: number })[] }): void {
    const entry = ring.entries.shift()
    if (!entry) return
    bytes -= entry.bytes
    lost.set(directory, entry.n)
  }

  return {
    push(event: RawEngineEvent): void {
      const entry = { ...event, n: ++last, bytes: JSON.stringify(event.payload).length }
      let ring = rings.get(event.directory)
      // Taken out and put back, so that the map's order is the order of use.
      if (ring) rings.delete(event.directory)
      else ring = { entries: [] }
      rings.set(event.directory, ring)
      ring.entries.push(entry)
      bytes += entry.bytes
      while (ring.entries.length > PER_DIRECTORY) dropOldest(event.directory, ring)
      while (bytes > MAX_BYTES || rings.size > MAX_DIRECTORIES) {
        const oldest = rings.entries().next().value
        if (!oldest) break
        dropOldest(oldest[0], oldest[1])
        if (oldest[1].entries.length === 0) rings.delete(oldest[0])
      }
      if (lost.size > MAX_DIRECTORIES * 4) {
        const first = lost.entries().next().value
        if (first) {
          lost.delete(first[0])
          lostFloor = Math.max(lostFloor, first[1])
        }
      }
      for (const listener of listeners) listener(entry)
    },
    subscribe(listener: (entry: RingEntry) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    idOf: (entry: RingEntry): string => `${boot}-${entry.n}`,
    /** What came after the event of that id in the wanted directories; null when that can no longer be told completely. */
    after(lastEventId: string, wanted: (directory: string) => boolean): RingEntry[] | null {
      const match = /^(.+)-(\d{1,15})$/.exec(lastEventId)
      const from = Number(match?.[2])
      if (match?.[1] !== boot || from > last || lostFloor > from) return null
      for (const [directory, newest] of lost) if (newest > from && wanted(directory)) return null
      const entries: RingEntry[] = []
      for (const [directory, ring] of rings) {
        if (wanted(directory)) entries.push(...ring.entries.filter((entry) => entry.n > from))
      }
      return entries.sort((a, b) => a.n - b.n)
    },
  }
}
export type EventRing = ReturnType<typeof createEventRing>
