const CTRL_BACKSLASH = 0x1c
const LETTER_D = 0x64

/** How to leave, in words. */
export const DETACH_HINT = 'Press Ctrl-\\ and then d to detach; Ctrl-\\ twice sends it to the program.'

/** Finds Ctrl-\ d in what is typed, also when it arrives in two pieces. Everything else is handed on. */
export class DetachKeys {
  #pending = false

  push(chunk: Uint8Array): { bytes: Uint8Array; detach: boolean } {
    const bytes: number[] = []
    for (const byte of chunk) {
      if (this.#pending) {
        this.#pending = false
        if (byte === LETTER_D) return { bytes: Uint8Array.from(bytes), detach: true }
        bytes.push(CTRL_BACKSLASH)
        if (byte !== CTRL_BACKSLASH) bytes.push(byte)
      } else if (byte === CTRL_BACKSLASH) this.#pending = true
      else bytes.push(byte)
    }
    return { bytes: Uint8Array.from(bytes), detach: false }
  }
}
