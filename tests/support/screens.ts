import { createHash } from 'node:crypto'
import type { TerminalScreen } from '@pilot/frontend/terminal/port'
import { limitEmulator } from '@pilot/protocol/terminal/emulator-limits'
import unicode11 from '@xterm/addon-unicode11'
import headless from '@xterm/headless'
import { LineCounter } from './fault-report.ts'

type Emulator = InstanceType<typeof headless.Terminal>
type Buffer = Emulator['buffer']['active']

/** Lines above the screen that are kept. */
const SCROLLBACK = 3_000

/** A terminal's whole emulator behind the client's port, without a page. */
export class HeadlessScreen implements TerminalScreen {
  readonly emulator: Emulator
  title = ''
  resets = 0
  gaps = 0
  bytes = 0

  constructor(cols: number, rows: number) {
    this.emulator = new headless.Terminal({ cols, rows, scrollback: SCROLLBACK, allowProposedApi: true })
    limitEmulator(this.emulator)
    // The widths that a tab uses.
    this.emulator.loadAddon(new unicode11.Unicode11Addon())
    this.emulator.unicode.activeVersion = '11'
    this.emulator.onTitleChange((title) => {
      this.title = title
    })
  }

  reset(cols: number, rows: number): void {
    this.resets += 1
    this.emulator.reset()
    this.emulator.resize(cols, rows)
    this.title = ''
  }

  resize(cols: number, rows: number): void {
    this.emulator.resize(cols, rows)
  }

  write(bytes: Uint8Array, parsed: () => void): void {
    this.bytes += bytes.length
    this.emulator.write(bytes, parsed)
  }

  gap(): void {
    this.gaps += 1
  }

  /** Resolves once everything that was written is on the screen. */
  settled(): Promise<void> {
    return new Promise((resolve) => this.emulator.write('', resolve))
  }

  /** The visible text, without blanks at the ends of lines. */
  text(): string {
    const { active } = this.emulator.buffer
    const lines = Array.from({ length: this.emulator.rows }, (_, y) => line(active, active.baseY + y))
    return lines.join('\n').trimEnd()
  }

  /** Everything that can be seen of the terminal, line by line, so that a difference shows where it is. */
  state(): string[] {
    const { emulator, title } = this
    const { buffer, modes, cols, rows } = emulator
    const { active } = buffer
    return [
      `size ${cols}x${rows} title ${JSON.stringify(title)} buffer ${active.type}`,
      `cursor ${active.cursorX},${active.cursorY} base ${active.baseY}`,
      `modes ${JSON.stringify(modes)} ${hidden(emulator)}`,
      ...picture('normal', buffer.normal),
      ...(active.type === 'alternate' ? picture('alternate', buffer.alternate) : []),
    ]
  }

  /** Lines of the ordinary screen that have left it at the top. */
  history(): number {
    return this.emulator.buffer.normal.baseY
  }

  /**
   * The same as `state`, with as much history as both screens have, and without its length. The oldest line is left out:
   * where history begins, half a line may be left of it.
   */
  recent(other: HeadlessScreen = this): string[] {
    const depth = Math.max(0, Math.min(this.history(), other.history()) - 1)
    const { active, normal, alternate } = this.emulator.buffer
    const { emulator, title } = this
    return [
      `size ${emulator.cols}x${emulator.rows} title ${JSON.stringify(title)} buffer ${active.type}`,
      `cursor ${active.cursorX},${active.cursorY}`,
      `modes ${JSON.stringify(emulator.modes)} ${hidden(emulator)}`,
      ...picture('normal', normal, normal.baseY - depth),
      ...(active.type === 'alternate' ? picture('alternate', alternate) : []),
    ]
  }
}

const line = (buffer: Buffer, y: number) => buffer.getLine(y)?.translateToString(true) ?? ''

/** Whether the cursor is hidden, which the emulator's own interface does not say. */
function hidden(emulator: Emulator): string {
  const core = (emulator as unknown as { _core?: { coreService?: { isCursorHidden?: boolean } } })._core
  return `cursor hidden ${core?.coreService?.isCursorHidden}`
}

/** Every line of a buffer with its scrollback, or from a line on: text, and attributes in runs. */
function picture(name: string, buffer: Buffer, first = 0): string[] {
  const lines: string[] = []
  for (let y = first; y < buffer.length; y++) {
    const row = buffer.getLine(y)
    if (!row) continue
    let text = ''
    let last = ''
    for (let x = 0; x < row.length; x++) {
      const cell = row.getCell(x)
      if (!cell || cell.getWidth() === 0) continue
      const flags = [
        cell.isBold(),
        cell.isItalic(),
        cell.isDim(),
        cell.isUnderline(),
        cell.isBlink(),
        cell.isInverse(),
        cell.isInvisible(),
        cell.isStrikethrough(),
        cell.isOverline(),
      ].map((on) => (on ? 1 : 0))
      const look = `${cell.getFgColorMode()}:${cell.getFgColor()} ${cell.getBgColorMode()}:${cell.getBgColor()} ${flags.join('')}`
      if (look !== last) text += `⟨${look}⟩`
      last = look
      text += cell.getChars() || ' '
    }
    lines.push(`${name} ${y - first}${row.isWrapped ? ' wrapped' : ''} ${text.replace(/ +$/, '')}`)
  }
  // Blank lines below the last text are the same whether they were ever written to or not.
  while (lines.length > 0 && /^\w+ \d+ (⟨0:-?\d+ 0:-?\d+ 0+⟩)?$/.test(lines.at(-1) ?? '')) lines.pop()
  return lines
}

/** A screen without an emulator: counts numbered lines, hashes them, and parses as fast as it is told. */
export class CountingScreen implements TerminalScreen {
  readonly lines = new LineCounter()
  resets = 0
  bytes = 0
  /** Bytes that no one keeps any more, as it was told. */
  gapBytes = 0
  /** The last 2,000 characters. */
  tail = ''
  /** Called with every piece, as it arrives. */
  onBytes: (bytes: Uint8Array) => void = () => undefined
  readonly #decoder = new TextDecoder()
  readonly #bytesPerSecond: number
  #free = 0

  /** 0: whatever comes is parsed at once. */
  constructor(bytesPerSecond = 0) {
    this.#bytesPerSecond = bytesPerSecond
  }

  reset(): void {
    this.resets += 1
    if (this.bytes > 0) this.lines.picture()
  }

  resize(): void {}

  gap(lostBytes: number): void {
    this.gapBytes += lostBytes
    this.lines.gap()
  }

  write(bytes: Uint8Array, parsed: () => void): void {
    this.bytes += bytes.length
    this.lines.push(bytes)
    this.tail = (this.tail + this.#decoder.decode(bytes, { stream: true })).slice(-2_000)
    this.onBytes(bytes)
    if (this.#bytesPerSecond === 0) {
      queueMicrotask(parsed)
      return
    }
    const now = performance.now()
    this.#free = Math.max(now, this.#free) + (bytes.length * 1_000) / this.#bytesPerSecond
    setTimeout(parsed, this.#free - now)
  }

  /** The hash that the program gave of its own lines; null before its end. */
  end(): string | null {
    return /END ([0-9a-f]{64})/.exec(this.tail)?.[1] ?? null
  }
}

/** The hash of numbered lines as `lines.mjs` prints them. */
export function hashOfLines(count: number, width: number): string {
  const hash = createHash('sha256')
  for (let number = 0; number < count; number++) {
    const head = `L${String(number).padStart(9, '0')} `
    hash.update(`${head.padEnd(width - 1, String.fromCharCode(97 + (number % 26)))}\n`)
  }
  return hash.digest('hex')
}
