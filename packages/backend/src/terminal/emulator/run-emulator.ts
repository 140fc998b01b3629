import { wholeCharacters } from '@pilot/protocol/terminal/characters'
import { limitEmulator } from '@pilot/protocol/terminal/emulator-limits'
import type { SizeAt } from '@pilot/protocol/terminal/model'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { Terminal } from '@xterm/headless'
import { pictures } from './picture.ts'

const WRITE_BYTES = 65_536

/** A terminal to be drawn: a picture, and the raw output that follows it. */
export interface EmulatorJob {
  cols: number
  rows: number
  snapshot: Uint8Array
  /** Absolute offset of the first raw byte. */
  offset: number
  raw: Uint8Array
  /** Sizes that the terminal took in `raw`, oldest first. */
  sizes: SizeAt[]
  /** `ansi`: escape sequences that draw it again; `text`: its lines. */
  format: 'ansi' | 'text'
  /** Lines above the screen. */
  scrollback: number
  /** The result is cut to this many bytes, the newest lines are kept. */
  maxBytes: number
}

export interface EmulatorResult {
  cols: number
  rows: number
  bytes: Uint8Array<ArrayBuffer>
}

/** Draws the terminal in an emulator of its own and gives what was asked for. */
export async function runEmulator(job: EmulatorJob): Promise<EmulatorResult> {
  const { cols, rows, scrollback } = job
  // Without any history it breaks (throws) at output that follows a new size.
  const history = Math.max(1, scrollback)
  const terminal = new Terminal({ cols, rows, scrollback: history, allowProposedApi: true, logLevel: 'off' })
  try {
    limitEmulator(terminal)
    // The widths that tabs use: a picture drawn with others puts what follows an emoji elsewhere.
    terminal.loadAddon(new Unicode11Addon())
    terminal.unicode.activeVersion = '11'
    let title = ''
    terminal.onTitleChange((next) => {
      title = next
    })
    await write(terminal, job.snapshot)
    let at = 0
    for (const size of job.sizes) {
      const next = Math.min(job.raw.length, Math.max(at, size.offset - job.offset))
      at += await write(terminal, job.raw.subarray(at, next))
      terminal.resize(size.cols, size.rows)
    }
    await write(terminal, job.raw.subarray(at))
    const draw = job.format === 'text' ? null : await pictures(terminal)
    const text = (lines: number) => (draw ? draw({ scrollback: lines, title }) : linesOf(terminal, lines))
    const bytes = bounded(text, scrollback, job.maxBytes)
    return { cols: terminal.cols, rows: terminal.rows, bytes }
  } finally {
    terminal.dispose()
  }
}

/** Returns how many bytes were written: all but the beginning of a character. */
async function write(terminal: Terminal, bytes: Uint8Array): Promise<number> {
  let at = 0
  while (at < bytes.length) {
    // The emulator cuts longer ones itself, wherever that is.
    const length = wholeCharacters(bytes.subarray(at, at + WRITE_BYTES))
    if (length === 0) break
    const piece = bytes.subarray(at, at + length)
    await new Promise<void>((resolve) => terminal.write(piece, resolve))
    at += length
  }
  return at
}

/** Fewer lines of history until it fits. */
function bounded(text: (lines: number) => string, scrollback: number, maxBytes: number): Uint8Array<ArrayBuffer> {
  for (let lines = scrollback; ; lines = Math.floor(lines / 2)) {
    const bytes = new TextEncoder().encode(text(lines))
    if (bytes.length <= maxBytes || lines === 0) return bytes.length <= maxBytes ? bytes : bytes.slice(0, maxBytes)
  }
}

/** The screen as text, one line per line of the program: what the width wrapped is joined. Ends without empty lines. */
function linesOf(terminal: Terminal, scrollback: number): string {
  const { active } = terminal.buffer
  const lines: string[] = []
  const first = active.type === 'alternate' ? 0 : Math.max(0, active.baseY - scrollback)
  for (let index = first; index < active.length; index++) {
    const line = active.getLine(index)
    if (!line) break
    const text = line.translateToString(!active.getLine(index + 1)?.isWrapped)
    if (line.isWrapped && lines.length > 0) lines.push(`${lines.pop() ?? ''}${text}`)
    else lines.push(text)
  }
  while (lines.at(-1)?.trim() === '') lines.pop()
  return lines.map((line) => `${line}\n`).join('')
}
