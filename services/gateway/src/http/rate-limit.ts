import { PilotError } from '@pilot/domain/errors'

export interface BucketRule {
  /** Attempts that may come at once. */
  burst: number
  /** Seconds until one attempt is given back. */
  refill_seconds: number
}

/** Buckets are forgotten least recently used first above this number, so that memory stays flat under a flood. */
const MAX_BUCKETS = 10_000

/** Token buckets in memory, one per key. */
export class RateLimiter {
  readonly #buckets = new Map<string, { tokens: number; at: number }>()
  readonly #clock: () => Date
  constructor(clock: () => Date) {
    this.#clock = clock
  }

  /** Takes one attempt; throws RATE_LIMITED with the seconds to wait. */
  take(key: string, rule: BucketRule): void {
    const now = this.#clock().getTime()
    const known = this.#buckets.get(key)
    const gained = known ? Math.max(0, now - known.at) / (rule.refill_seconds * 1000) : 0
    const tokens = known ? Math.min(rule.burst, known.tokens + gained) : rule.burst
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, at: now })
    if (this.#buckets.size > MAX_BUCKETS) {
      const oldest = this.#buckets.keys().next().value
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    if (tokens < 1) {
      const wait = Math.ceil((1 - tokens) * rule.refill_seconds)
      throw new PilotError('RATE_LIMITED', `Too many attempts. Try again in ${wait} seconds.`, {
        retry_after_seconds: wait,
      })
    }
  }
}

/** One key per IPv4 address and per IPv6 /64, whatever the textual form. */
export function addressKey(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  if (mapped?.[1]) return mapped[1]
  if (!ip.includes(':')) return ip
  const bare = ip.split('%')[0] ?? ip
  const [head = '', tail] = bare.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
