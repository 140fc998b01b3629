import fc from 'fast-check'
import { expect, test } from 'vitest'
import { VtScanner } from './vt-scanner.ts'

/** Everything that a scanner says of bytes that come in pieces of this size. */
function said(bytes: Uint8Array, piece: number): string[] {
  const events: string[] = []
  const scanner = new VtScanner({
    control: (byte, at) => events.push(`control ${byte} ${at}`),
    newLine: (at) => events.push(`line ${at}`),
    escape: (intermediates, final, at) => events.push(`escape ${intermediates} ${final} ${at}`),
    csi(prefix, intermediates, params, final, begin, end) {
      const numbers = Array.from({ length: params.length }, (_, i) => `${params.sub[i] ? ':' : ''}${params.get(i)}`)
      events.push(`csi ${prefix} ${intermediates} ${numbers} ${final} ${begin} ${end}`)
    },
    osc: (payload) => events.push(`osc ${payload}`),
  })
  for (let at = 0; at < bytes.length; at += piece) scanner.scan(bytes.subarray(at, at + piece), at)
  events.push(`idle ${scanner.idle}`)
  return events
}

const part = fc.oneof(
  fc.constantFrom(
    ...[
      '\x1b',
      '\x1b[',
      '\x1b]0;t\x07',
      '\r',
      '\n',
      '\r\n',
      'text',
      'é',
      '\u009b',
      '?',
      ';',
      ':',
      'm',
      ' q',
      '\x18',
      '\x7f',
    ],
  ),
  fc.array(fc.constantFrom(...'0123456789;:'), { maxLength: 50 }).map((numbers) => `\x1b[${numbers.join('')}m`),
  fc.tuple(fc.nat(), fc.constantFrom(...'ABHJKhlmr')).map(([n, final]) => `\x1b[${n}${final}`),
)

test('what a scanner says does not depend on how the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), fc.integer({ min: 2, max: 60 }), (parts, piece) => {
      const bytes = new TextEncoder().encode(parts.join(''))
      const expected = said(bytes, 1)
      expect(said(bytes, bytes.length + 1)).toEqual(expected)
      expect(said(bytes, piece)).toEqual(expected)
    }),
    { numRuns: 2_000 },
  )
})
