/** A modifier of the key bar: for the next key, or until it is pressed again. */
export type StickyState = 'off' | 'once' | 'locked'
export type Modifier = 'ctrl' | 'alt'
export interface StickyKeys {
  ctrl: StickyState
  alt: StickyState
  /** The last press, for telling a double tap. */
  last: { modifier: Modifier; at: number } | null
}

export const NO_STICKY: StickyKeys = { ctrl: 'off', alt: 'off', last: null }
/** Two taps within this time, in ms, lock a modifier. */
const DOUBLE_TAP_MS = 400

/** A modifier was tapped: on for one key, locked by a second tap right after, off by any other. */
export function tapModifier(keys: StickyKeys, modifier: Modifier, now: number): StickyKeys {
  const before = keys[modifier]
  const again = keys.last?.modifier === modifier && now - keys.last.at <= DOUBLE_TAP_MS
  const next: StickyState = before === 'off' ? 'once' : before === 'once' && again ? 'locked' : 'off'
  return { ...keys, [modifier]: next, last: { modifier, at: now } }
}

/** A key was sent: modifiers for one key are spent. */
export function spendSticky(keys: StickyKeys): StickyKeys {
  if (keys.ctrl !== 'once' && keys.alt !== 'once') return keys
  return { ctrl: keys.ctrl === 'once' ? 'off' : keys.ctrl, alt: keys.alt === 'once' ? 'off' : keys.alt, last: null }
}

export interface Held {
  ctrl: boolean
  alt: boolean
  shift: boolean
}
export const NOTHING_HELD: Held = { ctrl: false, alt: false, shift: false }

export function heldBy(keys: StickyKeys): Held {
  return { ctrl: keys.ctrl !== 'off', alt: keys.alt !== 'off', shift: false }
}

/** Keys that are no text, by the names of KeyboardEvent.key. */
const CURSOR_KEYS: Record<string, string> = {
  ArrowUp: 'A',
  ArrowDown: 'B',
  ArrowRight: 'C',
  ArrowLeft: 'D',
  End: 'F',
  Home: 'H',
}
const TILDE_KEYS: Record<string, number> = { Insert: 2, Delete: 3, PageUp: 5, PageDown: 6 }
const PLAIN_KEYS: Record<string, string> = { Escape: '\u001b', Tab: '\t', Enter: '\r', Backspace: '\u007f' }

/**
 * What a terminal is sent for a key, or null for a key that means nothing to it. `applicationCursor` is the mode that
 * full-screen programs choose for the arrows.
 */
export function keySequence(key: string, held: Held, applicationCursor: boolean): string | null {
  const code = 1 + (held.shift ? 1 : 0) + (held.alt ? 2 : 0) + (held.ctrl ? 4 : 0)
  const cursor = CURSOR_KEYS[key]
  if (cursor) {
    if (code > 1) return `\u001b[1;${code}${cursor}`
    return applicationCursor ? `\u001bO${cursor}` : `\u001b[${cursor}`
  }
  const tilde = TILDE_KEYS[key]
  if (tilde) return code > 1 ? `\u001b[${tilde};${code}~` : `\u001b[${tilde}~`
  if (key === 'Tab' && held.shift) return '\u001b[Z'
  const plain = PLAIN_KEYS[key]
  if (plain) return held.alt ? `\u001b${plain}` : plain
  return null
}

/** Typed text with the held modifiers applied to its first character. */
export function withHeld(text: string, held: Held): string {
  const [first = ''] = text
  const rest = text.slice(first.length)
  const changed = held.ctrl ? controlOf(first) : first
  return `${held.alt ? '\u001b' : ''}${changed}${rest}`
}

/** Ctrl with a character as terminals have it; a character without a control form stays as it is. */
function controlOf(character: string): string {
  const upper = character.toUpperCase()
  if (upper >= '@' && upper <= '_' && upper.length === 1) return String.fromCharCode(upper.charCodeAt(0) & 0x1f)
  if (character === ' ' || character === '2') return '\u0000'
  if (character === '?' || character === '8') return '\u007f'
  if (character >= '3' && character <= '7') return String.fromCharCode(character.charCodeAt(0) - 24)
  if (character === '/' || character === '-') return '\u001f'
  return character
}
