import { type ErrorCode, PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import type { Clock } from '@pilot/protocol/link/clock'
import { MAX_PENDING } from './limits.ts'

interface Entry {
  promise: Promise<unknown>
  resolve(data: unknown): void
  reject(error: PilotError): void
  timeoutMs: number
  cancelTimer(): void
}

/** Tracked messages that wait for their `ack` or `error`. Every entry settles: reply, timeout or `rejectAll`. */
export class PendingReplies {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Hands a request id to `send` and resolves with the reply's data. An id that is waited for already is not sent
   * again. Rejects with RUNTIME_OFFLINE when `send` fails, RUNTIME_TIMEOUT, the code of an `error` reply, or the code
   * of `rejectAll`.
   */
  track(
    timeoutMs: number,
    send: (requestId: string) => boolean,
    requestId: string = newId('request'),
  ): Promise<unknown> {
    const known = this.#entries.get(requestId)
    if (known) return known.promise
    if (this.#entries.size >= MAX_PENDING) return Promise.reject(new PilotError('RATE_LIMITED'))
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const entry: Entry = { promise, resolve, reject, timeoutMs, cancelTimer: () => undefined }
    this.#entries.set(requestId, entry)
    this.#arm(requestId, entry)
    if (!send(requestId)) this.#settle(requestId)?.reject(new PilotError('RUNTIME_OFFLINE'))
    return promise
  }

  resolve(requestId: string, data: unknown): void {
    this.#settle(requestId)?.resolve(data)
  }

  /** True when somebody waited for it. */
  reject(requestId: string, error: PilotError): boolean {
    const entry = this.#settle(requestId)
    entry?.reject(error)
    return entry !== null
  }

  /** The command lives: its time starts anew. */
  progress(requestId: string): void {
    const entry = this.#entries.get(requestId)
    if (!entry) return
    entry.cancelTimer()
    this.#arm(requestId, entry)
  }

  rejectAll(code: ErrorCode): void {
    for (const requestId of [...this.#entries.keys()]) this.reject(requestId, new PilotError(code))
  }

  #arm(requestId: string, entry: Entry): void {
    entry.cancelTimer = this.#clock.after(entry.timeoutMs, () =>
      this.reject(requestId, new PilotError('RUNTIME_TIMEOUT')),
    )
  }

  #settle(requestId: string): Entry | null {
    const entry = this.#entries.get(requestId)
    if (!entry) return null
    this.#entries.delete(requestId)
    entry.cancelTimer()
    return entry
  }
}
