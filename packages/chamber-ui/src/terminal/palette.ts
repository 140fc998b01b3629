import { type Oklch, toHex } from './colour.ts'

/** Colours of an emulator, all `#rrggbb` except the see-through ones. */
export interface TerminalPalette {
  background: string
  foreground: string
  cursor: string
  cursorAccent: string
  selectionBackground: string
  selectionInactiveBackground: string
  scrollbarSliderBackground: string
  scrollbarSliderHoverBackground: string
  scrollbarSliderActiveBackground: string
  black: string
  red: string
  green: string
  yellow: string
  blue: string
  magenta: string
  cyan: string
  white: string
  brightBlack: string
  brightRed: string
  brightGreen: string
  brightYellow: string
  brightBlue: string
  brightMagenta: string
  brightCyan: string
  brightWhite: string
}

/** Matches of a search; written as the emulator wants them. */
export interface FindColours {
  match: string
  active: string
}

/** Hues of the style sheet's roles: bad, wait, good, work, unknown. */
const HUE = { red: 25, yellow: 80, green: 152, blue: 252, magenta: 315, cyan: 200 } as const

const DARK = {
  background: [0.168, 0.008, 260],
  foreground: [0.9, 0.008, 260],
  cursor: [0.935, 0.005, 260],
  black: [0.3, 0.012, 260],
  red: [0.74, 0.14, HUE.red],
  green: [0.77, 0.13, HUE.green],
  yellow: [0.82, 0.13, HUE.yellow],
  blue: [0.74, 0.12, HUE.blue],
  magenta: [0.77, 0.12, HUE.magenta],
  cyan: [0.8, 0.1, HUE.cyan],
  white: [0.86, 0.006, 260],
  brightBlack: [0.675, 0.013, 260],
  brightRed: [0.81, 0.115, HUE.red],
  brightGreen: [0.85, 0.14, HUE.green],
  brightYellow: [0.89, 0.13, HUE.yellow + 10],
  brightBlue: [0.82, 0.095, HUE.blue],
  brightMagenta: [0.84, 0.1, HUE.magenta],
  brightCyan: [0.88, 0.09, HUE.cyan],
  brightWhite: [0.985, 0.002, 260],
} as const satisfies Record<string, Oklch>

const LIGHT = {
  background: [1, 0, 0],
  foreground: [0.24, 0.015, 260],
  cursor: [0.24, 0.015, 260],
  black: [0.24, 0.015, 260],
  red: [0.53, 0.19, HUE.red],
  green: [0.5, 0.12, HUE.green],
  yellow: [0.51, 0.11, HUE.yellow],
  blue: [0.5, 0.16, HUE.blue],
  magenta: [0.5, 0.18, HUE.magenta],
  cyan: [0.5, 0.09, HUE.cyan + 15],
  white: [0.55, 0.012, 260],
  brightBlack: [0.47, 0.016, 260],
  brightRed: [0.47, 0.18, HUE.red],
  brightGreen: [0.44, 0.11, HUE.green],
  brightYellow: [0.45, 0.1, HUE.yellow],
  brightBlue: [0.44, 0.16, HUE.blue],
  brightMagenta: [0.44, 0.17, HUE.magenta],
  brightCyan: [0.44, 0.08, HUE.cyan + 15],
  brightWhite: [0.92, 0.004, 260],
} as const satisfies Record<string, Oklch>

/**
 * Text reaches at least this contrast on whatever a program puts behind it: the emulator lifts what does not, such as
 * black on the dark background.
 */
export const MIN_CONTRAST = 4.5

/** The emulator's colours in one of the app's themes. */
export function terminalPalette(dark: boolean): TerminalPalette {
  const of = dark ? DARK : LIGHT
  const hex = Object.fromEntries(Object.entries(of).map(([name, colour]) => [name, toHex(colour)])) as Record<
    keyof typeof DARK,
    string
  >
  const line = dark ? '#ffffff' : '#000000'
  return {
    ...hex,
    cursorAccent: hex.background,
    selectionBackground: `${hex.blue}55`,
    selectionInactiveBackground: `${hex.blue}33`,
    scrollbarSliderBackground: `${line}22`,
    scrollbarSliderHoverBackground: `${line}44`,
    scrollbarSliderActiveBackground: `${line}55`,
  }
}

/** Colours of what was found; opaque, because the emulator takes no others. */
export function findColours(dark: boolean): FindColours {
  return dark
    ? { match: toHex([0.36, 0.06, 75]), active: toHex([0.5, 0.1, 75]) }
    : { match: toHex([0.94, 0.06, 85]), active: toHex([0.84, 0.12, 80]) }
}
