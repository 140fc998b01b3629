/**
 * A short name for a long path, the same every time. Not a secret and no proof of anything: a cryptographic hash would
 * double the memory of a process that needs it once.
 */
export function shortName(path: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < path.length; i += 1) {
    const unit = path.charCodeAt(i)
    high = Math.imul(high ^ unit, 0x9e3779b1)
    low = Math.imul(low ^ unit, 0x5f356495)
  }
  high ^= low >>> 15
  low ^= high >>> 13
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}
