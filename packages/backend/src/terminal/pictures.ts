import { wholeCharacters } from '@pilot/protocol/terminal/characters'
import type { Emulator } from './emulator/pool.ts'
import type { EmulatorJob } from './emulator/run-emulator.ts'
import { type ScanSink, VtScanner } from './host/vt-scanner.ts'
import { type Basis, OutputGone, type TerminalSource } from './source.ts'

const READ_BYTES = 262_144
const CHECKPOINT_SCROLLBACK = 10_000
/** Below what a source takes in one piece. */
const CHECKPOINT_BYTES = 6 * 1_024 * 1_024
const SNAPSHOT_BYTES = 4 * 1_024 * 1_024
/** How far back a place is looked for where no escape sequence is half finished. */
const CUT_WITHIN = 65_536
const ESCAPE = 0x1b
const LINE_FEED = 0x0a

/** Draws terminals when that is needed, and drops the emulator after use. */
export class TerminalPictures {
  readonly #emulator: Emulator
  /** One at a time for each terminal. */
  readonly #making = new WeakSet<TerminalSource>()

  constructor(emulator: Emulator) {
    this.#emulator = emulator
  }

  /**
   * Makes a picture of the present screen and stores it with the source's ring. Rejects when the source is gone or the
   * drawing fails; the source asks again then.
   */
  async checkpoint(source: TerminalSource): Promise<void> {
    if (this.#making.has(source)) return
    this.#making.add(source)
    try {
      const { basis, raw } = await this.#output(source)
      const length = cutAt(raw)
      const offset = basis.offset + length
      if (length === 0) return
      const sizes = basis.sizes.filter((size) => size.offset <= offset)
      const drawn = await this.#emulator({
        ...{ ...jobOf(basis, raw.subarray(0, length)), sizes, format: 'ansi' },
        ...{ scrollback: CHECKPOINT_SCROLLBACK, maxBytes: CHECKPOINT_BYTES },
      })
      source.storeCheckpoint({ offset, cols: drawn.cols, rows: drawn.rows, snapshot: drawn.bytes, sizes: [] })
    } finally {
      this.#making.delete(source)
    }
  }

  /** What the terminal shows, as text or as escape sequences, with so many lines of history. */
  async snapshot(
    source: TerminalSource,
    format: 'ansi' | 'text',
    scrollback: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { basis, raw } = await this.#output(source)
    return (await this.#emulator({ ...jobOf(basis, raw), format, scrollback, maxBytes: SNAPSHOT_BYTES })).bytes
  }

  /** The newest picture and everything after it. A flood may outrun the reading: then once more. */
  async #output(source: TerminalSource): Promise<{ basis: Basis; raw: Uint8Array }> {
    for (let attempt = 0; ; attempt++) {
      const basis = await source.basis()
      try {
        return { basis, raw: await readAll(source, basis.offset) }
      } catch (cause) {
        if (!(cause instanceof OutputGone) || attempt === 3) throw cause
      }
    }
  }
}

/** Everything from `from` on, up to about what one ring holds. */
async function readAll(source: TerminalSource, from: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  while (length < 4 * 1_024 * 1_024) {
    const part = await source.read(from + length, READ_BYTES)
    if (part.length === 0) break
    parts.push(part)
    length += part.length
  }
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function jobOf({ cols, rows, snapshot, offset, sizes }: Basis, raw: Uint8Array) {
  return { cols, rows, snapshot, offset, sizes, raw } satisfies Partial<EmulatorJob>
}

/**
 * Length of the part of `raw` after which an emulator waits for nothing: a picture cannot say that a sequence or a
 * character is half finished. After a line feed or before an ESC, wherever the last one is outside of sequences and
 * strings; all of it when it holds neither. 0 when there is no such place.
 */
export function cutAt(raw: Uint8Array): number {
  const scanner = new VtScanner(IGNORED)
  let at = Math.max(0, raw.length - CUT_WITHIN)
  scanner.scan(raw.subarray(0, at), 0)
  let cut: number | null = null
  const from = at
  for (let index = from; index < raw.length; index += 1) {
    const byte = raw[index]
    const end = byte === LINE_FEED ? index + 1 : byte === ESCAPE ? index : null
    if (end === null) continue
    scanner.scan(raw.subarray(at, end), at)
    at = end
    if (scanner.idle) cut = end
  }
  scanner.scan(raw.subarray(at), at)
  return cut ?? (scanner.idle ? wholeCharacters(raw) : 0)
}

const IGNORED: ScanSink = { control() {}, newLine() {}, escape() {}, csi() {}, osc() {} }
