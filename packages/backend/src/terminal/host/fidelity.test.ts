import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ScreenTracker } from './screen-tracker.ts'
import { Sizes } from './sizes.ts'
import { Emulator } from './testing-emulator.ts'

const ESC = '\x1b'
const number = fc.integer({ min: 0, max: 14 })
const word = fc.stringMatching(/^[a-z]{1,12}$/)
const line = fc.tuple(word, word).map(([a, b]) => `${a} ${b}\r\n`)
const paragraph = fc.array(line, { minLength: 1, maxLength: 60 }).map((lines) => lines.join(''))
const rendition = fc
  .array(
    fc.oneof(
      fc.constantFrom(0, 1, 2, 3, 4, 7, 9, 21, 22, 23, 24, 27, 29, 31, 39, 44, 49, 53, 55, 92, 103),
      fc.constantFrom('38;5;200', '48;5;17', '38;2;1;2;3', '48:2::9:8:7', '4:3', '38:5:99', '58;5;3', '59'),
    ),
    { maxLength: 4 },
  )
  .map((codes) => `${ESC}[${codes.join(';')}m`)
const privateMode = fc
  .tuple(
    fc.constantFrom(1, 6, 7, 9, 12, 25, 45, 47, 66, 1000, 1002, 1004, 1006, 1047, 1048, 1049, 2004, 2026),
    fc.boolean(),
  )
  .map(([mode, on]) => `${ESC}[?${mode}${on ? 'h' : 'l'}`)
const csi = fc
  .tuple(fc.array(number, { maxLength: 2 }), fc.constantFrom(...'@ABCDEFGHIJKLMPSTXZ`abdefrsu'))
  .map(([params, final]) => `${ESC}[${params.join(';')}${final}`)
const escapes = fc.constantFrom(
  ...['7', '8', 'D', 'E', 'H', 'M', 'c', '=', '>', '(0', '(B', ')0', '*A', '#8', 'n', 'o', '~', '%G', '\\'].map(
    (e) => ESC + e,
  ),
)
const odd = fc.constantFrom(
  ...[
    '\n',
    '\r',
    '\b',
    '\t',
    '\x07',
    '\x0b',
    '\x0e',
    '\x0f',
    '\x18',
    '\u009b3A',
    '\u0085',
    '\u0084',
    '\u009c',
    'é',
    '漢字',
    '👍🏽',
  ],
  `${ESC}]0;title\x07`,
  `${ESC}]2;half`,
  `${ESC}P1$r0m${ESC}\\`,
  `${ESC}[!p`,
  `${ESC}[4h`,
  `${ESC}[4l`,
  `${ESC}[20h`,
  `${ESC}[20l`,
  `${ESC}[3g`,
  `${ESC}[3 q`,
  `${ESC}[H${ESC}[2J`,
  `${ESC}[2J${ESC}[H`,
  `${ESC}[H${ESC}[2J${ESC}[3J`,
  `${ESC}[1;31`,
  `${ESC}[5b`,
  `${ESC}[>4;2m`,
  `${ESC}[?u`,
)
type Step = { text: string } | { cols: number; rows: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: paragraph.map((text) => ({ text })) },
  { weight: 4, arbitrary: rendition.map((text) => ({ text })) },
  { weight: 3, arbitrary: fc.oneof(csi, escapes, odd, privateMode).map((text) => ({ text })) },
  { weight: 4, arbitrary: word.map((text) => ({ text })) },
  { weight: 1, arbitrary: fc.record({ cols: fc.integer({ min: 5, max: 40 }), rows: fc.integer({ min: 1, max: 10 }) }) },
)

/** Draws the steps with an emulator, and follows them with a tracker that gets them cut at random. */
async function play(steps: Step[], cut: number) {
  const encoder = new TextEncoder()
  const sizes = new Sizes(20, 6)
  const tracker = new ScreenTracker(6, { onTitle() {}, onBell() {} }, 50)
  let output = Buffer.alloc(0)
  for (const next of steps) {
    if ('text' in next) {
      const bytes = encoder.encode(next.text)
      for (let at = 0; at < bytes.length; at += cut) tracker.scan(bytes.subarray(at, at + cut))
      output = Buffer.concat([output, bytes])
    } else {
      sizes.add(output.length, next.cols, next.rows)
      tracker.resized(next.rows)
    }
  }
  return { output, sizes, tracker }
}

test('a replay from every place that the tracker names shows what an uninterrupted emulator shows', async () => {
  let places = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 1, max: 30 }),
      async (steps, cut) => {
        const { output, sizes, tracker } = await play(steps, cut)
        const first = sizes.at(0)
        const whole = new Emulator(first?.cols ?? 0, first?.rows ?? 0)
        await whole.draw(output, 0, sizes.after(0))
        // What follows is drawn the same way, too: character sets, tabs and attributes are seen only in it.
        const probe = 'q\tx\x0eq\x0f'
        await whole.write(probe)
        const expected = whole.screen()
        whole.dispose()
        for (let anchor = tracker.anchorFrom(0); anchor; anchor = tracker.anchorFrom(anchor.offset + 1)) {
          places += 1
          const size = sizes.at(anchor.offset)
          const replay = new Emulator(size?.cols ?? 0, size?.rows ?? 0)
          await replay.write(anchor.sequences())
          await replay.draw(output.subarray(anchor.offset), anchor.offset, sizes.after(anchor.offset))
          await replay.write(probe)
          expect({ at: anchor.offset, screen: replay.screen() }).toEqual({ at: anchor.offset, screen: expected })
          replay.dispose()
        }
      },
    ),
    { numRuns: Number(process.env.PILOT_TEST_RUNS ?? 300) },
  )
  expect(places).toBeGreaterThan(100)
}, 120_000)
