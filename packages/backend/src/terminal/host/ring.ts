import { RING_MAX, RING_MIN } from './limits.ts'

/** The last bytes of an output whose every byte has an absolute offset. Grows on demand, so an idle one costs little. */
export class Ring {
  #buffer: Uint8Array
  #end = 0
  #start = 0

  constructor(
    readonly max: number = RING_MAX,
    min: number = RING_MIN,
  ) {
    this.#buffer = new Uint8Array(Math.min(min, max))
  }

  /** Oldest byte that is kept. */
  get start(): number {
    return this.#start
  }

  /** Offset of the byte that comes next. */
  get end(): number {
    return this.#end
  }

  append(bytes: Uint8Array): void {
    const kept = this.#end - this.#start
    if (kept + bytes.length > this.#buffer.length && this.#buffer.length < this.max) this.#grow(kept + bytes.length)
    const size = this.#buffer.length
    const tail = bytes.length > size ? bytes.subarray(bytes.length - size) : bytes
    const end = this.#end + bytes.length
    const at = (end - tail.length) % size
    const first = Math.min(tail.length, size - at)
    this.#buffer.set(first === tail.length ? tail : tail.subarray(0, first), at)
    if (first < tail.length) this.#buffer.set(tail.subarray(first), 0)
    this.#end = end
    this.#start = Math.max(this.#start, end - size)
  }

  /** Copies what is kept from `from` on, at most `max` bytes, into `target` at `at`; returns how many. */
  copy(from: number, max: number, target: Uint8Array, at = 0): number {
    if (from < this.#start) throw new RangeError('older than what is kept')
    const length = Math.max(0, Math.min(max, this.#end - from))
    const size = this.#buffer.length
    const begin = from % size
    const first = Math.min(length, size - begin)
    target.set(this.#buffer.subarray(begin, begin + first), at)
    if (first < length) target.set(this.#buffer.subarray(0, length - first), at + first)
    return length
  }

  /** What is kept from `from` on, at most `max` bytes. Throws RangeError when `from` is older than what is kept. */
  read(from: number, max: number): Uint8Array {
    const target = new Uint8Array(Math.max(0, Math.min(max, this.#end - from)))
    this.copy(from, target.length, target)
    return target
  }

  #grow(wanted: number): void {
    let size = this.#buffer.length
    while (size < wanted && size < this.max) size = Math.min(this.max, size * 2)
    const kept = this.read(this.#start, this.#end - this.#start)
    this.#buffer = new Uint8Array(size)
    const at = this.#start % size
    const first = Math.min(kept.length, size - at)
    this.#buffer.set(kept.subarray(0, first), at)
    if (first < kept.length) this.#buffer.set(kept.subarray(first), 0)
  }
}
