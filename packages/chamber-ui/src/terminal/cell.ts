/** Room of one line of text, in font sizes; as tight as code in a conversation may be. */
const LINE_HEIGHT = 1.4

/** What a font says of itself at one size, in px. */
export interface FontFacts {
  fontSize: number
  /** Width of every character of a monospaced font. */
  advance: number
  /** From the highest to the lowest ink that the font has. */
  height: number
}

/** Options of the emulator that give its cells the size that the font wants. */
export interface CellOptions {
  /** In device pixels, beside the width that the emulator takes by itself. */
  letterSpacing: number
  /** Of the emulator's own height of a character. */
  lineHeight: number
}

/**
 * The renderer on the graphics processor cuts the width of a character down to whole device pixels, which squeezes most
 * fonts; what is cut off beyond half a pixel comes back as spacing. The renderer with elements keeps fractions itself.
 */
export function cellOptions(font: FontFacts, devicePixelRatio: number, whole: boolean): CellOptions {
  const width = font.advance * devicePixelRatio
  const character = Math.ceil(font.height * devicePixelRatio)
  const line = Math.max(character, Math.round(font.fontSize * LINE_HEIGHT * devicePixelRatio))
  return {
    letterSpacing: whole ? Math.round(width) - Math.floor(width) : 0,
    // The emulator rounds down again; the hundredth keeps the number of pixels that is meant.
    lineHeight: character === 0 ? LINE_HEIGHT : (line + 0.01) / character,
  }
}

/** Measures a font as the emulator does. */
export function measureFont(fontFamily: string, fontSize: number): FontFacts {
  const context = document.createElement('canvas').getContext('2d')
  if (!context) return { fontSize, advance: 0, height: 0 }
  context.font = `${fontSize}px ${fontFamily}`
  const { width, fontBoundingBoxAscent, fontBoundingBoxDescent } = context.measureText('W')
  return { fontSize, advance: width, height: fontBoundingBoxAscent + fontBoundingBoxDescent }
}
