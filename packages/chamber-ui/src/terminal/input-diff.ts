/**
 * Text typed through the phone's own input field, as the least change to what the terminal has. The field mirrors what
 * was typed since the last Enter or other key; whatever the keyboard does to it (composition, suggestions, autocorrect,
 * swiping, dictation), the difference to what was sent is a number of characters to take back and a text to add.
 */
export interface TypedLine {
  /** What the terminal has of this field, without the mark in front. */
  sent: string
  composing: boolean
}

export type TypedEvent =
  | { type: 'input'; value: string }
  | { type: 'compositionstart' }
  | { type: 'compositionend'; value: string }

export interface TypedStep {
  line: TypedLine
  /** Characters before the cursor that the terminal takes back. */
  erase: number
  text: string
  /** What the field has to be set to, mark included; null: it stays as it is. */
  field: string | null
}

/** Stands in front of the text, so that a backspace on an empty line is still told by every keyboard. */
export const MARK = '\u200b'
export const EMPTY_LINE: TypedLine = { sent: '', composing: false }
/** A line that grew this long is let go of between two words; keyboards get slow with long fields. In characters. */
const LONG_LINE = 400

/**
 * `live`: characters are sent while a word is composed, which is how some keyboards type plain letters (Android).
 * `hold`: a composition is sent once it has ended, because its characters are not the text yet (all others).
 */
export type Composition = 'live' | 'hold'

/** What one event of the field means for the terminal. */
export function stepLine(line: TypedLine, event: TypedEvent, composition: Composition): TypedStep {
  if (event.type === 'compositionstart') return { line: { ...line, composing: true }, erase: 0, text: '', field: null }
  const composing = event.type === 'input' && line.composing
  if (composing && composition === 'hold') return { line, erase: 0, text: '', field: null }
  const value = event.value.replaceAll(MARK, '')
  const markGone = !event.value.includes(MARK)
  const { erase, text } = difference(line.sent, value)
  // The mark went alone: a backspace where the terminal has text that this field knows nothing of.
  const before = markGone && line.sent === '' && value === '' && !composing ? 1 : 0
  const tooLong = !composing && value.length > LONG_LINE && value.endsWith(' ')
  const sent = tooLong ? '' : value
  const field = tooLong || (markGone && !composing) ? MARK + sent : null
  return { line: { sent, composing }, erase: erase + before, text, field }
}

/** The characters to take back from the end of `from`, and those to add, to make it `to`. */
function difference(from: string, to: string): { erase: number; text: string } {
  const had = Array.from(from)
  const wants = Array.from(to)
  let same = 0
  while (same < had.length && same < wants.length && had[same] === wants[same]) same++
  return { erase: had.length - same, text: wants.slice(same).join('') }
}

/** The bytes that take back so many characters and add the text; breaks become the Enter key. */
export function typedBytes(erase: number, text: string): string {
  return '\u007f'.repeat(erase) + text.replace(/\r\n?|\n/g, '\r')
}
