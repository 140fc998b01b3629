/** Only these lead out of the page; anything else in a text of an agent is shown, not followed. */
const SCHEMES = new Set(['http:', 'https:', 'mailto:'])

/** The address when it is an absolute one of a harmless scheme, else null: a path would resolve against this app. */
export function safeHref(href: string | undefined): string | null {
  if (!href || !URL.canParse(href)) return null
  return SCHEMES.has(new URL(href).protocol) ? href : null
}
