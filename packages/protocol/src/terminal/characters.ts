/**
 * Length of `bytes` without a character at the end whose other bytes are still to come (UTF-8, RFC 3629).
 *
 * Emulators must be given whole characters: xterm.js 6.0.0 loses those whose second or third byte is 0x80 when that byte
 * is the last of one write. All of general punctuation (U+2000 to U+203F: dashes, quotes, joiners) begins with E2 80.
 */
export function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte >= 0xc0) return back < lengthOf(byte) ? bytes.length - back : bytes.length
    if (byte < 0x80) return bytes.length
  }
  return bytes.length
}

/** Bytes of the character that begins with this one. */
const lengthOf = (lead: number) => (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2)
