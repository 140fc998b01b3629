import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ring } from './ring.ts'

test('whatever is appended, the last bytes are kept and every one is found by its offset', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(16, 40, 64),
      fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 30 }),
      (max, chunks) => {
        const ring = new Ring(max, 16)
        let all: number[] = []
        for (const chunk of chunks) {
          ring.append(chunk)
          all = [...all, ...chunk]
          expect(ring.end).toBe(all.length)
          expect(ring.end - ring.start).toBeGreaterThanOrEqual(Math.min(all.length, max))
          expect([...ring.read(ring.start, Number.POSITIVE_INFINITY)]).toEqual(all.slice(ring.start))
          const middle = Math.floor((ring.start + ring.end) / 2)
          expect([...ring.read(middle, 7)]).toEqual(all.slice(middle, middle + 7))
          if (ring.start > 0) expect(() => ring.read(ring.start - 1, 1)).toThrow(RangeError)
        }
      },
    ),
  )
})
