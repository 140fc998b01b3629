/** Longest text that is shown, in characters. */
const MAX_TEXT = 500
/** First of Unicode's visible pictures of control characters, and that of DEL. */
const PICTURES = 0x2400
const DEL_PICTURE = '\u2421'
const BREAK = '\u23ce'

/** Bytes that were typed, as one line to read: control characters are visible, text direction cannot be turned. */
export function displayText(parts: readonly Uint8Array[], maxBytes: number): string {
  const decoder = new TextDecoder()
  let text = ''
  let left = maxBytes
  for (const part of parts) {
    text += decoder.decode(part.subarray(0, left), { stream: true })
    left -= part.length
    if (left <= 0) break
  }
  const chars = Array.from(text, visible)
  return left < 0 || chars.length > MAX_TEXT ? `${chars.slice(0, MAX_TEXT).join('')}…` : chars.join('')
}

function visible(char: string): string {
  const code = char.codePointAt(0) ?? 0
  if (code === 0x0d || code === 0x0a) return BREAK
  if (code < 0x20) return String.fromCodePoint(PICTURES + code)
  if (code === 0x7f) return DEL_PICTURE
  return /[\p{Cc}\p{Cf}\u2028\u2029]/u.test(char) ? '\ufffd' : char
}
