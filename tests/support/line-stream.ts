import type { TerminalId } from '@pilot/domain/entities/terminal'
import type { TerminalClient } from '@pilot/frontend/terminal/port'
import type { Outcome } from './fault-report.ts'
import type { FaultWorld } from './fault-world.ts'
import type { NodeTab } from './node-tab.ts'
import { until } from './pilot.ts'
import { numberedLines } from './programs.ts'
import { CountingScreen, hashOfLines } from './screens.ts'

interface LineStreamOptions {
  count: number
  /** 0: as fast as they are taken. */
  bytesPerSecond: number
  width?: number
}

/** A terminal that prints numbered lines, and a tab that watches it. */
export class LineStream {
  readonly id: TerminalId
  readonly tab: NodeTab
  readonly screen: CountingScreen
  readonly client: TerminalClient
  readonly #options: Required<LineStreamOptions>

  private constructor(id: TerminalId, tab: NodeTab, screen: CountingScreen, options: Required<LineStreamOptions>) {
    this.id = id
    this.tab = tab
    this.screen = screen
    this.client = tab.attach(id, screen)
    this.#options = options
  }

  /** Opens the terminal, watches it in that tab and starts the program; resolves with its first lines. */
  static async start(world: FaultWorld, tab: NodeTab, options: LineStreamOptions): Promise<LineStream> {
    const whole = { width: 100, ...options }
    const id = await world.openTerminal()
    const stream = new LineStream(id, tab, new CountingScreen(), whole)
    await until('the terminal to be live', () => stream.client.get().phase === 'live')
    stream.client.input(`${numberedLines(whole.count, whole.bytesPerSecond, whole.width)}\r`)
    await until('the first lines', () => {
      if (stream.screen.lines.seen > 0) return true
      throw new Error(JSON.stringify([stream.client.get(), stream.screen.tail]))
    })
    return stream
  }

  /** Resolves when the program has printed its last line and the tab has it. */
  async ended(timeoutMs = 120_000): Promise<void> {
    await until(`the last of ${this.#options.count} lines`, () => this.screen.end(), timeoutMs).catch((cause) => {
      const { lines, bytes, resets } = this.screen
      throw new Error(
        `${String(cause)}: ${lines.seen} lines, ${bytes} bytes, ${resets} resets, ${JSON.stringify(this.client.get())}`,
      )
    })
  }

  /** Milliseconds until lines come again. */
  async flowing(since = performance.now()): Promise<number> {
    const { seen } = this.screen.lines
    await until('lines to come again', () => this.screen.lines.seen > seen || this.screen.end())
    return performance.now() - since
  }

  /** What came against what was printed; a hash that differs although no number does counts as lost. */
  outcome(): Outcome {
    const { count, width } = this.#options
    const { lines, resets } = this.screen
    const missing = count - lines.next
    const whole = missing === 0 && resets <= 1 && lines.gaps === 0
    const broken = whole && lines.hash() !== hashOfLines(count, width) ? 1 : 0
    return { ...lines.outcome, lost: lines.outcome.lost + missing + broken }
  }
}

/** A terminal whose program keeps what is typed, and someone who types numbered words into it all the time. */
export class Typist {
  readonly client: TerminalClient
  /** Words that the client took. */
  taken = 0
  readonly #read: () => string
  #timer: NodeJS.Timeout | null = null

  constructor(client: TerminalClient, read: () => string) {
    this.client = client
    this.#read = read
  }

  start(everyMs = 15): void {
    this.#timer = setInterval(() => {
      // What is typed while old input waits for the user's word would join it.
      if (this.client.get().unsent !== null) return
      if (this.client.input(`k${String(this.taken).padStart(6, '0')} `)) this.taken += 1
    }, everyMs)
  }

  /** Stops typing and waits until everything that was typed was taken by the program, or is given back as not sent. */
  async stop(): Promise<Outcome> {
    if (this.#timer) clearInterval(this.#timer)
    const last = `k${String(this.taken - 1).padStart(6, '0')} `
    await until('the last word', () => this.#read().endsWith(last) || this.client.get().unsent, 60_000).catch(
      () => null,
    )
    const numbers = [...this.#read().matchAll(/k(\d{6}) /g)].map((match) => Number(match[1]))
    const unsent = Math.ceil((this.client.get().unsent?.bytes ?? 0) / 8)
    const outcome: Outcome = { lost: 0, duplicated: 0, reordered: 0, ambiguous: unsent }
    let next = 0
    for (const number of numbers) {
      if (number === next) next += 1
      else if (number > next) {
        outcome.lost += number - next
        next = number + 1
      } else if (number === next - 1) outcome.duplicated += 1
      else outcome.reordered += 1
    }
    outcome.lost += Math.max(0, this.taken - next - unsent)
    return outcome
  }
}
