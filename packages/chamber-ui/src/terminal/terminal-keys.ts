/** What a key press means for the page around a terminal; null: it belongs to the program. */
export type KeyAction =
  | 'copy'
  | 'paste'
  | 'find'
  | 'larger'
  | 'smaller'
  | 'usual-size'
  | 'new'
  | 'close'
  | 'next-tab'
  | 'previous-tab'
  | 'split-right'
  | 'split-down'
  | 'next-pane'
  | 'previous-pane'
  | 'page-up'
  | 'page-down'

export interface KeyFacts {
  key: string
  code: string
  ctrlKey: boolean
  altKey: boolean
  metaKey: boolean
  shiftKey: boolean
}

export interface KeyContext {
  mac: boolean
  /** Something is selected. */
  selection: boolean
  /** A full-screen program runs, which has uses of its own for most keys. */
  fullScreen: boolean
  /** More than one terminal is in sight. */
  split: boolean
}

/** With Ctrl and Shift, and for browsers that keep those for themselves with Alt and Shift. By physical key. */
const MANAGE: Record<string, KeyAction> = {
  KeyT: 'new',
  KeyW: 'close',
  KeyD: 'split-right',
  KeyE: 'split-down',
  BracketRight: 'next-tab',
  BracketLeft: 'previous-tab',
}

/**
 * Reads one key press. Ctrl-C copies only what is selected, and the selection goes with it, so that a second press
 * interrupts the program. Ctrl-F finds only outside full-screen programs, which page with it; with Shift it always does.
 */
export function keyAction(event: KeyFacts, context: KeyContext): KeyAction | null {
  const { ctrlKey: ctrl, altKey: alt, metaKey: meta, shiftKey: shift, code } = event
  const only = (wanted: { ctrl?: boolean; alt?: boolean; meta?: boolean; shift?: boolean }) =>
    ctrl === Boolean(wanted.ctrl) &&
    alt === Boolean(wanted.alt) &&
    meta === Boolean(wanted.meta) &&
    shift === Boolean(wanted.shift)

  if (only({ ctrl: true, shift: true }) || only({ alt: true, shift: true })) {
    const managed = MANAGE[code]
    if (managed) return managed
  }
  if (only({ ctrl: true, shift: true })) {
    if (code === 'KeyC') return 'copy'
    if (code === 'KeyV') return 'paste'
    if (code === 'KeyF') return 'find'
    if (event.key === 'Tab') return 'previous-tab'
  }
  if (only({ ctrl: true })) {
    if (event.key === 'Tab' || event.key === 'PageDown') return 'next-tab'
    if (event.key === 'PageUp') return 'previous-tab'
    if (code === 'KeyC' && context.selection) return 'copy'
    if (code === 'KeyF' && !context.mac && !context.fullScreen) return 'find'
  }
  if (only({ meta: true })) {
    if (code === 'KeyF') return 'find'
    if (code === 'KeyC' && context.selection) return 'copy'
  }
  const zoom = context.mac ? meta && !ctrl && !alt : ctrl && !meta && !alt
  if (zoom) {
    if (event.key === '+' || event.key === '=') return 'larger'
    if (event.key === '-') return 'smaller'
    if (event.key === '0') return 'usual-size'
  }
  if (only({ shift: true }) && !context.fullScreen) {
    if (event.key === 'PageUp') return 'page-up'
    if (event.key === 'PageDown') return 'page-down'
  }
  if (only({ alt: true }) && context.split) {
    if (event.key === 'ArrowRight' || event.key === 'ArrowDown') return 'next-pane'
    if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') return 'previous-pane'
  }
  return null
}

export interface KeyHelp {
  keys: readonly string[]
  does: string
}

/** Every key of the terminals' page, for the help. */
export function keyHelp(mac: boolean): KeyHelp[] {
  const command = mac ? '⌘' : 'Ctrl'
  const both = (letter: string) => [`Ctrl ⇧ ${letter}`, `Alt ⇧ ${letter}`]
  return [
    { keys: both('T'), does: 'New terminal' },
    { keys: both('W'), does: 'Close the terminal' },
    { keys: both('D'), does: 'Split to the right' },
    { keys: both('E'), does: 'Split downwards' },
    { keys: ['Alt ←', 'Alt →'], does: 'Go to the other half of a split' },
    { keys: ['Ctrl PgDn', 'Alt ⇧ ]'], does: 'Next tab' },
    { keys: ['Ctrl PgUp', 'Alt ⇧ ['], does: 'Previous tab' },
    { keys: mac ? ['⌘ C'] : ['Ctrl ⇧ C', 'Ctrl C'], does: 'Copy what is selected' },
    { keys: mac ? ['⌘ V'] : ['Ctrl ⇧ V'], does: 'Paste' },
    { keys: mac ? ['⌘ F', 'Ctrl ⇧ F'] : ['Ctrl F', 'Ctrl ⇧ F'], does: 'Find in the output' },
    { keys: [`${command} +`, `${command} −`, `${command} 0`], does: 'Size of the text' },
    { keys: ['⇧ PgUp', '⇧ PgDn'], does: 'Scroll' },
  ]
}
