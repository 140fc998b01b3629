import type { IParser } from '@xterm/xterm'

/** Sequences with which a program asks its terminal something; the emulator answers them as if they were typed. */
const CSI_QUERIES = [
  { final: 'c' },
  { prefix: '>', final: 'c' },
  { prefix: '=', final: 'c' },
  { final: 'n' },
  { prefix: '?', final: 'n' },
  { intermediates: '$', final: 'p' },
  { prefix: '?', intermediates: '$', final: 'p' },
  { prefix: '>', final: 'q' },
]
const OSC_COLOURS = [4, 10, 11, 12]
const OSC_CLIPBOARD = 52

/**
 * Leaves the questions of a program unanswered while `silent` says so: what is drawn again after a reconnect was
 * answered when it was new, and with several viewers one answer is enough. What no tab answers, the terminal's own
 * process does as far as it can. Access to the clipboard is never given.
 */
export function silenceQueries(parser: IParser, silent: () => boolean): void {
  for (const id of CSI_QUERIES) parser.registerCsiHandler(id, silent)
  parser.registerDcsHandler({ intermediates: '$', final: 'q' }, silent)
  for (const id of OSC_COLOURS) parser.registerOscHandler(id, (data) => silent() && data.includes('?'))
  parser.registerOscHandler(OSC_CLIPBOARD, () => true)
}
