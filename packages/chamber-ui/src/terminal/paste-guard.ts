/** Text on its way into a terminal, looked at before anything is sent. */
export interface PasteCheck {
  /** What would be sent: line breaks as `\n`, without control characters. */
  text: string
  /** Lines that one sees; the break after the last one begins no other. */
  lines: number
  /** Control characters that were left out. */
  removed: number
  /** Several lines or control characters: the user sees the text first. */
  needsAsking: boolean
}

/** Longest text that is shown before it is pasted, in characters. */
const PREVIEW_CHARS = 4_000
const BRACKET_START = '\u001b[200~'
const BRACKET_END = '\u001b[201~'
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g

/** Reads a text that is to be pasted. Control characters never pass: one of them could end the bracket around it. */
export function checkPaste(raw: string): PasteCheck {
  const unified = raw.replace(/\r\n?/g, '\n')
  const text = unified.replace(CONTROL, '')
  const removed = unified.length - text.length
  const lines = text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
  return { text, lines, removed, needsAsking: text.includes('\n') || removed > 0 }
}

/** All lines as one, so that none of them is run by the break after it. */
export function asOneLine(text: string): string {
  return text.trim().replace(/[ \t]*\n[ \t]*/g, ' ')
}

/** What the terminal gets: breaks as the Enter key sends them, in brackets when the program asked for them. */
export function pasteParts(text: string, bracketed: boolean): { text: string; prefix?: string; suffix?: string } {
  const body = text.replaceAll('\n', '\r')
  return bracketed ? { text: body, prefix: BRACKET_START, suffix: BRACKET_END } : { text: body }
}

/** The beginning of a text, for the dialog. */
export function pastePreview(text: string): { text: string; hidden: number } {
  if (text.length <= PREVIEW_CHARS) return { text, hidden: 0 }
  return { text: text.slice(0, PREVIEW_CHARS).toWellFormed(), hidden: text.length - PREVIEW_CHARS }
}
