/**
 * Everything that another name on the door changes: name, mark and accent. Nothing else in the product spells them out.
 */
export const BRANDING = {
  name: 'Pilot',
  tagline: 'Your own cloud for coding agents.',
  /** One path in a 24 × 24 box, drawn as a line. */
  mark: 'M5 18.5 12 5l7 13.5-7-3.8z',
  /** Light and dark value of every accent role; each text pairing reaches 4.5:1 in its theme. */
  accent: {
    '--accent': ['oklch(.49 .16 258)', 'oklch(.72 .13 255)'],
    '--accent-hover': ['oklch(.44 .16 258)', 'oklch(.77 .12 255)'],
    '--accent-soft': ['oklch(.945 .028 258)', 'oklch(.285 .05 258)'],
    '--on-accent': ['oklch(1 0 0)', 'oklch(.16 .02 258)'],
  },
  /** Browser chrome around the app in each theme, as sRGB because manifests know no OKLCH. */
  themeColor: { light: '#f7f8fa', dark: '#0d0f12' },
} as const

/** The accent roles as a style sheet; the document puts it beside tokens.css. */
export function accentCss(): string {
  const roles = Object.entries(BRANDING.accent).map(([name, [light, dark]]) => `${name}:light-dark(${light},${dark})`)
  return `:root{${roles.join(';')}}`
}

/** The mark as a square icon file (SVG source), for the favicon and the installed app. */
export function iconSvg(): string {
  const { light, dark } = BRANDING.themeColor
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" rx="13" fill="${dark}"/>` +
    `<path transform="translate(9 8.5) scale(1.25)" d="${BRANDING.mark}" fill="none" stroke="${light}" stroke-width="1.9" ` +
    'stroke-linecap="round" stroke-linejoin="round"/></svg>'
  )
}
