import { randomInt } from 'node:crypto'

/**
 * OpenCode ids: prefix, 48 bits of `milliseconds * 4096 + counter` in hex, 14 random base62 characters. Messages are
 * ordered by id, so ids made here must lie in the same order as OpenCode's own.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_CHARS = 14
/** The time field holds milliseconds modulo this. */
const WRAP_MS = 2 ** 36

/** Makes ascending ids even within one millisecond. */
export function createIdSource(now: () => number = Date.now): (prefix: 'msg' | 'prt') => string {
  let lastMs = 0
  let counter = 0
  return (prefix) => {
    // A clock that steps back must not order a new message before an older one.
    const ms = Math.max(now(), lastMs)
    counter = ms === lastMs ? counter + 1 : 1
    lastMs = ms
    const time = (BigInt(ms) * 4096n + BigInt(counter)) & 0xffff_ffff_ffffn
    let random = ''
    for (let index = 0; index < RANDOM_CHARS; index++) random += ALPHABET[randomInt(ALPHABET.length)]
    return `${prefix}_${time.toString(16).padStart(12, '0')}${random}`
  }
}

/** When an ascending OpenCode id was made, as ISO 8601: asks carry no other time. `now` for an id of unknown form. */
export function timeOfId(id: string, now = Date.now()): string {
  const hex = /^[a-z]+_([0-9a-f]{12})/.exec(id)?.[1]
  if (!hex) return new Date(now).toISOString()
  const within = Math.floor(Number.parseInt(hex, 16) / 4096)
  const base = Math.floor(now / WRAP_MS) * WRAP_MS
  const candidate = base + within
  // An id made just before the field wrapped lies in the period before.
  return new Date(candidate > now + 86_400_000 ? candidate - WRAP_MS : candidate).toISOString()
}
