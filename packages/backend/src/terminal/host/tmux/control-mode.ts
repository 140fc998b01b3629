/** What tmux says in control mode. */
export interface ControlEvents {
  /** What the program of a pane wrote, byte by byte. Valid only during the call. */
  onOutput(pane: string, bytes: Uint8Array): void
  /** The answer to the oldest command that has none yet. */
  onAnswer(lines: string[], failed: boolean): void
  /** Any other notification, such as `%layout-change`, with its arguments. */
  onNotification(name: string, args: string[]): void
}

/** A line, and an answer, that are longer than this are given up; no honest tmux sends them. */
const LINE_MAX = 4 * 1024 * 1024
const BACKSLASH = 0x5c
const LINE_FEED = 0x0a
const SPACE = 0x20
const OUTPUT = new TextEncoder().encode('%output ')
const decoder = new TextDecoder()

/** Reads the control mode of tmux: lines, of which some are the answer to a command between `%begin` and `%end`. */
export class ControlMode {
  #rest: Uint8Array = new Uint8Array(0)
  /** Time and number of the answer that is being read; an answer's own lines may look like anything. */
  #block: { id: string; ours: boolean; lines: string[] } | null = null

  constructor(private readonly events: ControlEvents) {}

  /** False once the stream cannot be followed any more. */
  push(chunk: Uint8Array): boolean {
    let data = chunk
    if (this.#rest.length > 0) {
      data = new Uint8Array(this.#rest.length + chunk.length)
      data.set(this.#rest)
      data.set(chunk, this.#rest.length)
    }
    let at = 0
    for (;;) {
      const end = data.indexOf(LINE_FEED, at)
      if (end < 0) break
      this.#line(data.subarray(at, end))
      at = end + 1
    }
    this.#rest = data.slice(at)
    return this.#rest.length <= LINE_MAX
  }

  #line(line: Uint8Array): void {
    if (!this.#block && startsWith(line, OUTPUT)) {
      const space = line.indexOf(SPACE, OUTPUT.length)
      if (space < 0) return
      this.events.onOutput(decoder.decode(line.subarray(OUTPUT.length, space)), unescaped(line.subarray(space + 1)))
      return
    }
    const text = decoder.decode(line)
    const [name = '', ...args] = text.split(' ')
    const id = `${args[0]} ${args[1]}`
    if (this.#block) {
      if ((name === '%end' || name === '%error') && id === this.#block.id) {
        const { ours, lines } = this.#block
        this.#block = null
        if (ours) this.events.onAnswer(lines, name === '%error')
      } else this.#block.lines.push(text)
      return
    }
    // The last argument tells whether the command came from this client.
    if (name === '%begin') this.#block = { id, ours: args[2] === '1', lines: [] }
    else if (name.startsWith('%')) this.events.onNotification(name, args)
  }
}

function startsWith(line: Uint8Array, start: Uint8Array): boolean {
  return line.length >= start.length && start.every((byte, index) => line[index] === byte)
}

/** Undoes the escaping of control mode: a backslash and three octal digits stand for one byte. */
export function unescaped(escaped: Uint8Array): Uint8Array {
  let from = escaped.indexOf(BACKSLASH)
  if (from < 0) return escaped
  const bytes = new Uint8Array(escaped.length)
  bytes.set(escaped.subarray(0, from))
  let to = from
  while (from < escaped.length) {
    const byte = escaped[from] ?? 0
    if (byte === BACKSLASH && from + 3 < escaped.length) {
      const digit = (index: number) => (escaped[from + index] ?? 0) - 0x30
      bytes[to] = (digit(1) << 6) | (digit(2) << 3) | digit(3)
      from += 4
    } else {
      bytes[to] = byte
      from += 1
    }
    to += 1
  }
  return bytes.subarray(0, to)
}
