import fc from 'fast-check'
import { expect, it } from 'vitest'
import { wholeCharacters } from './characters.ts'

const encoder = new TextEncoder()
const length = (...bytes: number[]) => wholeCharacters(Uint8Array.from(bytes))

it('leaves out the beginning of a character, and nothing else', () => {
  expect(length()).toBe(0)
  expect(length(0x61)).toBe(1)
  expect(length(0x61, 0xc3)).toBe(1)
  expect(length(0x61, 0xc3, 0xa9)).toBe(3)
  expect(length(0x61, 0xe2, 0x80)).toBe(1)
  expect(length(0xe2, 0x80, 0x9c)).toBe(3)
  expect(length(0xf0, 0x9f, 0x91)).toBe(0)
  expect(length(0xf0, 0x9f, 0x91, 0xa9)).toBe(4)
})

it('does not keep what can never become a character for longer than three bytes', () => {
  expect(length(0x80, 0x80, 0x80)).toBe(3)
  expect(length(0xff)).toBe(0)
  expect(length(0xff, 0x61)).toBe(2)
  expect(length(0xff, 0x80, 0x80, 0x80)).toBe(4)
})

it('cuts every text into texts, wherever its pieces end', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 7 }), (text, size) => {
      const bytes = encoder.encode(text)
      const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      let all = ''
      let from = 0
      for (let at = size; at < bytes.length + size; at += size) {
        const held = bytes.subarray(from, at)
        const whole = wholeCharacters(held)
        expect(held.length - whole).toBeLessThan(4)
        all += strict.decode(held.subarray(0, whole))
        from += whole
      }
      expect(all).toBe(strict.decode(bytes))
    }),
  )
})
