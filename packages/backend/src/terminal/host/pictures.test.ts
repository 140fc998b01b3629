import { expect, test } from 'vitest'
import { ANCHOR_SLACK, CHECKPOINT_AT, RING_MAX } from './limits.ts'
import { Pictures } from './pictures.ts'
import { Ring } from './ring.ts'
import { ScreenTracker } from './screen-tracker.ts'
import { Sizes } from './sizes.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const LINE = `${'a line of the output, '.repeat(4)}\r\n`
const MEGABYTE = 1_024 * 1_024

/** A terminal's output and what is known of it. */
function setUp() {
  const ring = new Ring()
  const tracker = new ScreenTracker(24, { onTitle() {}, onBell() {} })
  const pictures = new Pictures(ring, tracker, new Sizes(80, 24))
  const print = (text: string) => {
    const bytes = encode(text)
    tracker.scan(bytes)
    ring.append(bytes)
    tracker.forgetBefore(ring.start)
  }
  const store = () => pictures.store({ offset: ring.end, cols: 80, rows: 24, snapshot: encode('picture') })
  return {
    ring,
    pictures,
    print,
    store,
    /** Prints plain lines, and stores a picture whenever one is wanted. Returns how many it were. */
    flood(bytes: number, text = LINE): number {
      let stored = 0
      for (let done = 0; done < bytes; done += text.length) {
        print(text)
        if (pictures.checkpointWanted && store()) stored += 1
      }
      return stored
    },
  }
}

test('after a cursor that came back from before, the lines that are kept are still to be had', () => {
  const { ring, pictures, print, flood, store } = setUp()
  expect(flood(3 * MEGABYTE)).toBe(0)
  const before = pictures.basis()
  expect(ring.end - before.offset).toBeGreaterThan(MEGABYTE)
  print('\x1b7\n\n\x1b8')
  // From before the cursor was saved the rows of the screen may differ: its program draws them anew.
  expect(pictures.basis()).toMatchObject({ offset: before.offset, approximate: true })
  // A picture that is drawn from there says for all who come later how it is.
  expect(pictures.checkpointWanted).toBe(true)
  store()
  expect(pictures.basis()).toMatchObject({ offset: ring.end, approximate: false })
  expect(pictures.checkpointWanted).toBe(false)
})

test('what a full-screen program scrolled takes no lines of the main screen away', () => {
  const { ring, pictures, print, flood } = setUp()
  flood(3 * MEGABYTE)
  print(`\x1b[?1049h\x1b[H${LINE.repeat(50)}\x1b[?1049l$ `)
  const { offset, approximate } = pictures.basis()
  expect(approximate).toBe(false)
  expect(ring.end - offset).toBeGreaterThan(MEGABYTE)
})

test('a picture with a long history is not left for a replay with a short one', () => {
  const { ring, pictures, print, flood, store } = setUp()
  flood(3 * MEGABYTE)
  print('\x1b[5;15r')
  // No replay may begin inside of a scroll region, so that pictures are made.
  expect(flood(2 * MEGABYTE)).toBeGreaterThanOrEqual(3)
  store()
  const picture = ring.end
  print('\x1b[r\x1b[H\x1b[2J')
  flood(200_000)
  expect(pictures.basis().offset).toBe(picture)
  // It is made anew before it leaves the ring, until replays reach as far back.
  let stored = 0
  for (let round = 0; round < 12; round += 1) {
    stored += flood(RING_MAX / 4)
    const basis = pictures.basis()
    expect(basis.approximate).toBe(false)
    expect(basis.snapshot.length > 7 || ring.end - basis.offset > RING_MAX - 2 * ANCHOR_SLACK || stored <= 2).toBe(true)
  }
  expect(stored).toBeGreaterThanOrEqual(1)
  expect(stored).toBeLessThanOrEqual(2)
  expect(ring.end - pictures.basis().offset).toBeGreaterThan(RING_MAX - ANCHOR_SLACK - 2 * CHECKPOINT_AT)
})
