import { describe, expect, it } from 'vitest'
import { cellOptions, type FontFacts } from './cell.ts'

const dejaVu: FontFacts = { fontSize: 13, advance: 7.8267, height: 15 }
const fraction: FontFacts = { fontSize: 14, advance: 8.43, height: 17 }

/** Width and height of a cell in device pixels, as the emulator's own arithmetic makes them. */
function cell(font: FontFacts, ratio: number, whole = true) {
  const { letterSpacing, lineHeight } = cellOptions(font, ratio, whole)
  const width = whole ? Math.floor(font.advance * ratio) : font.advance * ratio
  return [width + Math.round(letterSpacing), Math.floor(Math.ceil(font.height * ratio) * lineHeight)]
}

describe('the size of a cell', () => {
  it.each([
    [dejaVu, 1, [8, 18]],
    [dejaVu, 2, [16, 36]],
    [dejaVu, 1.25, [10, 23]],
    [dejaVu, 3, [23, 55]],
    [fraction, 1, [8, 20]],
    [fraction, 2, [17, 39]],
  ] as const)('is the font’s, rounded to whole pixels (%o at %d)', (font, ratio, expected) => {
    expect(cell(font, ratio)).toEqual(expected)
  })

  it('is never less than half a pixel away from the font, at any size and ratio', () => {
    for (let fontSize = 6; fontSize <= 28; fontSize++) {
      for (const ratio of [0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.625, 3]) {
        const font = { fontSize, advance: fontSize * 0.602, height: Math.round(fontSize * 1.17) }
        const [width = 0, height = 0] = cell(font, ratio)
        expect(Math.abs(width - font.advance * ratio)).toBeLessThanOrEqual(0.5)
        expect(height).toBe(Math.max(Math.ceil(font.height * ratio), Math.round(fontSize * 1.4 * ratio)))
      }
    }
  })

  it('keeps fractions where the renderer does, and the whole of a tall font', () => {
    expect(cell(dejaVu, 1, false)[0]).toBeCloseTo(7.8267)
    expect(cell({ ...dejaVu, height: 22 }, 1)[1]).toBe(22)
  })
})
