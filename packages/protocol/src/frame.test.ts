import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFrame, encodeFrame, FRAME_HEADER_BYTES, FRAME_KIND, FRAME_MAX_PAYLOAD, type FrameKind } from './frame.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const unhex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('golden vectors', () => {
  const vectors: [string, FrameKind, number, number, string][] = [
    ['03 00000002 0000000000000000 6869', FRAME_KIND.stream_data, 2, 0, '6869'],
    ['03 ffffffff 001fffffffffffff ', FRAME_KIND.stream_data, 0xffff_ffff, Number.MAX_SAFE_INTEGER, ''],
    ['01 00000100 0000000100000000 00', FRAME_KIND.terminal_output, 256, 0x1_0000_0000, '00'],
    ['02 00000001 00000000ffffffff 1b5b41', FRAME_KIND.terminal_input, 1, 0xffff_ffff, '1b5b41'],
    ['04 0a0b0c0d 0000000000010203 ff', FRAME_KIND.transfer_data, 0x0a0b0c0d, 0x010203, 'ff'],
  ]
  test.each(vectors)('%s', (text, kind, channel, offset, payload) => {
    expect(hex(encodeFrame({ kind, channel, offset, payload: unhex(payload) }))).toBe(text.replaceAll(' ', ''))
    const decoded = decodeFrame(unhex(text))
    expect(decoded).toMatchObject({ frame: { kind, channel, offset } })
    expect('frame' in decoded && hex(decoded.frame.payload)).toBe(payload)
  })
  test.each([
    ['', 'too_short'],
    ['03 00000002 00000000000000', 'too_short'],
    ['03 00000002 0020000000000000', 'offset_too_large'],
    ['03 00000002 ffffffffffffffff', 'offset_too_large'],
    ['03 00000000 0000000000000000', 'bad_channel'],
    ['00 00000002 0000000000000000', 'unknown_kind'],
    ['05 00000002 0000000000000000', 'unknown_kind'],
  ])('%s is refused', (text, problem) => {
    expect(decodeFrame(unhex(text))).toEqual({ problem })
  })
  test('a payload above 64 KiB is refused on both sides', () => {
    expect(decodeFrame(new Uint8Array(FRAME_HEADER_BYTES + FRAME_MAX_PAYLOAD + 1).fill(3))).toEqual({
      problem: 'too_long',
    })
    const payload = new Uint8Array(FRAME_MAX_PAYLOAD + 1)
    expect(() => encodeFrame({ kind: 3, channel: 1, offset: 0, payload })).toThrow(RangeError)
  })
})

test('every frame survives the way there and back', () => {
  const into = new Uint8Array(FRAME_HEADER_BYTES + FRAME_MAX_PAYLOAD).fill(0xff)
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(FRAME_KIND)),
      fc.integer({ min: 1, max: 0xffff_ffff }),
      fc.maxSafeNat(),
      fc.uint8Array({ maxLength: 500 }),
      (kind, channel, offset, payload) => {
        const decoded = decodeFrame(encodeFrame({ kind, channel, offset, payload }))
        expect(decoded).toEqual({ frame: { kind, channel, offset, payload } })
        expect(decodeFrame(encodeFrame({ kind, channel, offset, payload }, into))).toEqual(decoded)
      },
    ),
  )
})

test('any bytes give a frame or a problem, never an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(Object.keys(decodeFrame(bytes))).toHaveLength(1)
    }),
  )
})
