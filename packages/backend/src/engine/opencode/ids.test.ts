import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createIdSource, timeOfId } from './ids.ts'

test('ids have the form of OpenCode and ascend, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1_795_000_000_000, max: 1_795_000_100_000 }), { minLength: 2 }), (times) => {
      let index = 0
      const next = createIdSource(() => times[index++] ?? 1_795_000_100_000)
      const ids = times.map(() => next('msg'))
      expect(ids.every((id) => /^msg_[0-9a-f]{12}[0-9A-Za-z]{14}$/.test(id))).toBe(true)
      expect([...ids].sort()).toEqual(ids)
      expect(new Set(ids).size).toBe(ids.length)
    }),
  )
})

test('an id tells when it was made', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }), (ms) => {
      const id = createIdSource(() => ms)('prt')
      expect(timeOfId(id, ms + 1_000)).toBe(new Date(ms).toISOString())
    }),
  )
  expect(timeOfId('per_1fd3f2960001L6UwB4pyuUsj4Y', 1_795_250_200_000)).toBe('2026-11-21T08:35:37.440Z')
  expect(timeOfId('strange', 0)).toBe('1970-01-01T00:00:00.000Z')
})
