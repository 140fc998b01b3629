import { describe, expect, it } from 'vitest'
import { contrast, toHex } from './colour.ts'
import { findColours, MIN_CONTRAST, terminalPalette } from './palette.ts'

const ANSI = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const
const BRIGHT = [
  'brightBlack',
  'brightRed',
  'brightGreen',
  'brightYellow',
  'brightBlue',
  'brightMagenta',
  'brightCyan',
  'brightWhite',
] as const

describe('toHex', () => {
  it('agrees with what browsers make of OKLCH', () => {
    expect(toHex([1, 0, 0])).toBe('#ffffff')
    expect(toHex([0, 0, 0])).toBe('#000000')
    expect(toHex([0.628, 0.2577, 29.23])).toBe('#ff0000')
    expect(toHex([0.452, 0.3132, 264.05])).toBe('#0000ff')
  })
})

describe('terminalPalette', () => {
  // Black on dark and bright white on light stand for the background itself; the emulator lifts them when they are text.
  it.each([
    { dark: true, itself: ['black'] },
    { dark: false, itself: ['brightWhite'] },
  ])('is readable on its background, dark: $dark', ({ dark, itself }) => {
    const palette = terminalPalette(dark)
    expect(contrast(palette.foreground, palette.background)).toBeGreaterThan(10)
    for (const name of [...ANSI, ...BRIGHT].filter((one) => !itself.includes(one))) {
      expect(contrast(palette[name], palette.background), name).toBeGreaterThanOrEqual(MIN_CONTRAST)
    }
  })

  it('keeps what was found readable', () => {
    for (const dark of [true, false]) {
      const found = findColours(dark)
      const { foreground } = terminalPalette(dark)
      expect(contrast(foreground, found.match)).toBeGreaterThanOrEqual(MIN_CONTRAST)
      expect(contrast(foreground, found.active)).toBeGreaterThanOrEqual(MIN_CONTRAST)
    }
  })
})
