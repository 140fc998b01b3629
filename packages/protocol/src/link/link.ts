import { FINAL_CLOSE_CODES } from '../close-codes.ts'
import { PING, PONG } from '../messages/ping.ts'
import type { Clock } from './clock.ts'
import type { LinkSocket, LinkSocketFactory } from './socket.ts'

export interface LinkState {
  status: 'connecting' | 'live' | 'offline'
  /** Milliseconds since the epoch at which this status began. */
  since: number
  /** Until the next attempt; null when there is none: live, dialling, closed by us or refused for good. */
  retry_in_ms: number | null
  /** Of the last connection that ended. */
  close_code?: number
  close_reason?: string
}

export interface LinkOptions {
  connect: LinkSocketFactory
  clock: Clock
  /** Uniform in [0, 1). */
  random: () => number
  /** Replaces a healthy connection every so often, so that resuming is the common path. */
  replaceEveryMs?: number
  /** Asked before a planned replacement; false puts it off. */
  mayReplace?: () => boolean
  /** Asked after a connection ended: false stops for good. Codes 4003 and 4004 always do. */
  mayReconnect?: (code: number, reason: string) => boolean
}

export const BACKOFF_FIRST_MS = 500
export const BACKOFF_MAX_MS = 30_000
/** A connection that lived this long starts the backoff anew. */
export const BACKOFF_RESET_MS = 5_000
export const PING_EVERY_MS = 20_000
export const PING_MISSES = 3
/** An attempt that is not open by then is given up. */
export const CONNECT_TIMEOUT_MS = 15_000

/**
 * One logical client with replaceable connections. Whatever was sent into a connection that is lost is lost with it:
 * the layers above say again what matters. `generation` names the connection; it grows with each one that opens.
 *
 *   offline ──timer──▶ connecting ──open──▶ live ──close──▶ offline (retry_in_ms, or null: final)
 */
export class Link {
  readonly #options: LinkOptions
  readonly #states = new Set<(state: LinkState) => void>()
  readonly #messages = new Set<(data: string | Uint8Array, generation: number) => void>()
  #state: LinkState
  #socket: LinkSocket | null = null
  /** Counts attempts, so that what a dead socket still says is not heard. */
  #attempt = 0
  #generation = 0
  #failures = 0
  #misses = 0
  #wanted = false
  #cancelTimer: () => void = () => undefined
  #cancelReplace: () => void = () => undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#state = { status: 'offline', since: options.clock.now(), retry_in_ms: null }
  }

  get state(): LinkState {
    return this.#state
  }

  /** Number of the present connection; 0 before the first. */
  get generation(): number {
    return this.#generation
  }

  /** Bytes that were sent but did not leave this machine yet. */
  bufferedAmount(): number {
    return this.#socket?.bufferedAmount() ?? 0
  }

  /** Starts, or tries again at once when offline: after a final close, on wake, when the network is back. */
  connect(): void {
    this.#wanted = true
    if (this.#state.status !== 'offline') return
    this.#failures = 0
    this.#dial()
  }

  /** Stops for good, until `connect` is called again. */
  close(code = 1000, reason = ''): void {
    this.#wanted = false
    const socket = this.#drop()
    this.#set({ status: 'offline', retry_in_ms: null, close_code: code, close_reason: reason })
    socket?.close(code, reason)
  }

  /** Ends the present connection and dials again by the usual rules. */
  restart(code: number, reason: string): void {
    const socket = this.#socket
    if (!socket) return
    this.#lost(code, reason)
    socket.close(code, reason)
  }

  /** True when the data was handed to a live connection. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.#state.status !== 'live' || !this.#socket) return false
    this.#socket.send(data)
    return true
  }

  /** Called with every message but ping and pong. Returns the function that ends it. */
  onMessage(listener: (data: string | Uint8Array, generation: number) => void): () => void {
    this.#messages.add(listener)
    return () => this.#messages.delete(listener)
  }

  /** Called on every change, not with the present state. Returns the function that ends it. */
  subscribe(listener: (state: LinkState) => void): () => void {
    this.#states.add(listener)
    return () => this.#states.delete(listener)
  }

  #dial(): void {
    this.#cancelTimer()
    const attempt = ++this.#attempt
    const current = () => attempt === this.#attempt
    this.#set({ status: 'connecting', retry_in_ms: null })
    this.#cancelTimer = this.#options.clock.after(CONNECT_TIMEOUT_MS, () => this.restart(1006, 'connect timeout'))
    try {
      this.#socket = this.#options.connect({
        open: () => {
          if (current()) this.#opened()
        },
        message: (data) => {
          if (current()) this.#receive(data)
        },
        close: (code, reason) => {
          if (current()) this.#lost(code, reason)
        },
      })
    } catch {
      this.#lost(1006, 'the connection could not be started')
    }
  }

  #opened(): void {
    this.#generation += 1
    this.#misses = 0
    this.#cancelTimer()
    this.#schedulePing()
    this.#scheduleReplace()
    this.#set({ status: 'live', retry_in_ms: null })
  }

  #receive(data: string | Uint8Array): void {
    this.#misses = 0
    if (data === PONG) return
    if (data === PING) {
      this.send(PONG)
      return
    }
    const { generation } = this
    for (const listener of [...this.#messages]) listener(data, generation)
  }

  #schedulePing(): void {
    this.#cancelTimer = this.#options.clock.after(PING_EVERY_MS, () => {
      if (this.#misses === PING_MISSES) {
        this.restart(1006, 'no answer to three pings')
        return
      }
      this.#misses += 1
      this.send(PING)
      this.#schedulePing()
    })
  }

  #scheduleReplace(): void {
    const { replaceEveryMs, mayReplace, clock, random } = this.#options
    if (!replaceEveryMs) return
    this.#cancelReplace = clock.after(replaceEveryMs * (0.75 + random() / 2), () => {
      if (mayReplace && !mayReplace()) this.#scheduleReplace()
      else this.restart(1000, 'planned')
    })
  }

  #lost(code: number, reason: string): void {
    const { clock, random, mayReconnect } = this.#options
    const lived = this.#state.status === 'live' ? clock.now() - this.#state.since : 0
    this.#drop()
    if (lived >= BACKOFF_RESET_MS) this.#failures = 0
    const ended = { status: 'offline', close_code: code, close_reason: reason } as const
    if (!this.#wanted || FINAL_CLOSE_CODES.has(code) || mayReconnect?.(code, reason) === false) {
      this.#set({ ...ended, retry_in_ms: null })
      return
    }
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(this.#failures, 16))
    const wait = Math.round(random() * ceiling)
    this.#failures += 1
    this.#cancelTimer = clock.after(wait, () => this.#dial())
    this.#set({ ...ended, retry_in_ms: wait })
  }

  /** Forgets the present connection and its timers; what it still says is not heard. */
  #drop(): LinkSocket | null {
    const socket = this.#socket
    this.#socket = null
    this.#attempt += 1
    this.#cancelTimer()
    this.#cancelReplace()
    return socket
  }

  #set(change: Omit<LinkState, 'since'>): void {
    const { close_code, close_reason } = this.#state
    const since = change.status === this.#state.status ? this.#state.since : this.#options.clock.now()
    this.#state = { close_code, close_reason, ...change, since }
    for (const listener of [...this.#states]) listener(this.#state)
  }
}
