import fc from 'fast-check'

/** Output as programs make it, and as none does: text, and every kind of sequence that an emulator knows. */
export type Step = { text: string } | { cols: number; rows: number }

const ESC = '\x1b'
const number = fc.integer({ min: 0, max: 14 })
const word = fc.stringMatching(/^[a-z]{1,12}$/)
const line = fc.tuple(word, word).map(([a, b]) => `${a} ${b}\r\n`)
const paragraph = fc.array(line, { minLength: 1, maxLength: 20 }).map((lines) => lines.join(''))
const codes = fc.constantFrom(
  ...[0, 1, 2, 3, 4, 5, 7, 8, 9, 21, 22, 23, 24, 25, 27, 28, 29, 31, 39, 44, 49, 53, 55, 59, 92, 103].map(String),
  ...[
    '38;5;200',
    '48;5;17',
    '38;2;1;2;3',
    '48:2::9:8:7',
    '4:0',
    '4:1',
    '4:3',
    '4:5',
    '38:5:99',
    '58;5;3',
    '58:2::1:2:3',
  ],
)
const rendition = fc.array(codes, { maxLength: 4 }).map((list) => `${ESC}[${list.join(';')}m`)
const privateMode = fc
  .tuple(
    fc.constantFrom(...[1, 2, 6, 7, 9, 12, 25, 45, 47, 66, 1000, 1002, 1003, 1004, 1006, 1016, 1047, 1048, 1049, 2004]),
    fc.boolean(),
  )
  .map(([mode, on]) => `${ESC}[?${mode}${on ? 'h' : 'l'}`)
const csi = fc
  .tuple(fc.array(number, { maxLength: 2 }), fc.constantFrom(...'@ABCDEFGHIJKLMPSTXZ`abdefrrrsu'))
  .map(([params, final]) => `${ESC}[${params.join(';')}${final}`)
const escapes = fc
  .constantFrom(
    ...['7', '8', 'D', 'E', 'H', 'M', 'c', '=', '>', '(0', '(B', ')0', '*A', '+K', '(R', '#8', 'n', 'o', '~', '}', '|'],
    ...[
      '%G',
      '\\',
      '[!p',
      '[4h',
      '[4l',
      '[20h',
      '[20l',
      '[3g',
      '[g',
      '[3 q',
      '[6 q',
      '[0 q',
      '[1"q',
      '[0"q',
      '[?2K',
      '[5b',
    ],
    ...['[H', '[2J', '[3J', '[1J', '[5;9r', '[r', '[3;5r', ']0;title\x07', ']8;;x:one\x07', ']8;id=x;x:two\x07'],
    ...[']8;;\x07', ']2;half', 'P1$r0m\x1b\\', '[1;31', '[>4;2m', '[?u'],
  )
  .map((text) => ESC + text)
const odd = fc.constantFrom(
  ...['\n', '\r', '\b', '\t', '\x07', '\x0b', '\x0e', '\x0f', '\x18', '\u009b3A', '\u0085', '\u0084', '\u009c', 'é'],
  ...['漢字', '👍🏽', 'e\u0301', '\u0301', '~', '│', ' ', 'x'.repeat(20), '漢'.repeat(11)],
)
const text: fc.Arbitrary<Step> = fc
  .oneof(
    { weight: 2, arbitrary: paragraph },
    { weight: 3, arbitrary: rendition },
    { weight: 4, arbitrary: word },
    { weight: 10, arbitrary: fc.oneof(csi, escapes, odd, privateMode) },
  )
  .map((one) => ({ text: one }))
const size: fc.Arbitrary<Step> = fc.record({
  cols: fc.integer({ min: 5, max: 40 }),
  rows: fc.integer({ min: 2, max: 10 }),
})

export const steps = (maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof({ weight: 15, arbitrary: text }, { weight: 1, arbitrary: size }), { maxLength })
