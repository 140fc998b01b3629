import { newId } from '@pilot/domain/ids'
import type { Clock } from '../clock.ts'
import type { PageState } from './page-state.ts'

/** How often a visible page asks for a sign of life, and how long it waits for one, in ms. */
const EVERY_MS = 10_000
const TIMEOUT_MS = 5_000

/** An answer older than this, in ms, says nothing any more: at least one question should have followed it. */
export const FRESH_MS = EVERY_MS + TIMEOUT_MS

export interface ProberOptions {
  clock: Clock
  page: PageState
  /** Sends a question; false when there is no way. */
  send(id: string): boolean
  /** The round trip in ms. */
  answered(rtt: number): void
  /** No answer came in time. `askedAt` in ms since the epoch. */
  silent(askedAt: number): void
}

/** Asks the far end whether it is there, one question at a time. */
export interface Prober {
  /** Asks at once, unless the answer to another question is awaited. */
  ask(): void
  /** Asks at once; what was asked before does not count any more. */
  askAnew(): void
  /** An answer; false when nobody waits for it. Without an id it answers whatever was asked. */
  answer(id?: string): boolean
  /** The question can not be answered; false when nobody waits for it. Without an id: nor could any other be now. */
  refuse(id?: string): boolean
  /** Forgets what was asked and asks no more until `ask`. */
  drop(): void
}

/** A prober that is quiet until the first `ask`. */
export function createProber({ clock, page, send, answered, silent }: ProberOptions): Prober {
  let asked: { id: string; at: number; cancel: () => void } | null = null
  let cancelNext: () => void = () => undefined
  const drop = () => {
    asked?.cancel()
    asked = null
    cancelNext()
  }
  const done = () => {
    drop()
    cancelNext = clock.after(EVERY_MS, ask)
  }
  const ask = () => {
    if (asked || !page.visible()) return
    cancelNext()
    const id = newId('request')
    if (!send(id)) return
    const at = clock.now()
    const cancel = clock.after(TIMEOUT_MS, () => {
      done()
      silent(at)
    })
    asked = { id, at, cancel }
  }
  return {
    ask,
    askAnew: () => {
      drop()
      ask()
    },
    answer: (id) => {
      if (!asked || (id !== undefined && id !== asked.id)) return false
      const rtt = clock.now() - asked.at
      done()
      answered(rtt)
      return true
    },
    refuse: (id) => {
      if (id !== undefined && asked?.id !== id) return false
      done()
      return true
    },
    drop,
  }
}
