import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { residentMiB } from './processes.ts'
import { SEED } from './random.ts'

/** Where the reports go; it is in no commit. */
const FOLDER = join(fileURLToPath(import.meta.url), '..', '..', '..', 'dist', 'faults')

/** What became of a stream of numbered things. */
export interface Outcome {
  lost: number
  duplicated: number
  reordered: number
  /** Told to the user as unknown or not sent. */
  ambiguous: number
}

const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
}

/** One row of the table of faults. A fault is passed when nothing was lost, doubled or out of order, and nothing leaked. */
export class FaultReport {
  readonly id: string
  readonly title: string
  runs = 0
  leaked = 0
  readonly outcome: Outcome = { lost: 0, duplicated: 0, reordered: 0, ambiguous: 0 }
  /** Milliseconds until a fault was noticed, and until everything was as before. */
  readonly detect: number[] = []
  readonly recover: number[] = []
  /** Further figures by name. */
  readonly figures: Record<string, number | string> = {}
  #peakMiB = 0

  constructor(id: string, title: string) {
    this.id = id
    this.title = title
  }

  /** Adds what a run saw. */
  run(outcome: Partial<Outcome> = {}, times: { detect?: number; recover?: number } = {}): void {
    this.runs += 1
    for (const key of ['lost', 'duplicated', 'reordered', 'ambiguous'] as const) this.outcome[key] += outcome[key] ?? 0
    if (times.detect !== undefined) this.detect.push(times.detect)
    if (times.recover !== undefined) this.recover.push(times.recover)
  }

  /** Looks at the memory that the processes take together. */
  sample(...pids: number[]): void {
    this.#peakMiB = Math.max(
      this.#peakMiB,
      pids.reduce((sum, pid) => sum + residentMiB(pid), 0),
    )
  }

  /** Prints the row, keeps it, and throws unless the fault is passed. */
  finish(): void {
    const { id, title, runs, outcome, leaked, figures, detect, recover } = this
    const ms = (values: readonly number[], q: number) =>
      values.length === 0 ? null : Math.round(quantile(values, q) * 10) / 10
    const row = {
      id,
      title,
      runs,
      seed: SEED,
      ...outcome,
      detect_ms: ms(detect, 0.5),
      recover_ms: { p50: ms(recover, 0.5), p95: ms(recover, 0.95), max: ms(recover, 1) },
      peak_rss_mib: Math.round(this.#peakMiB),
      leaked,
      figures,
    }
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(join(FOLDER, `${id}.json`), `${JSON.stringify(row, null, 2)}\n`)
    const times = recover.length === 0 ? '-' : Object.values(row.recover_ms).join(' / ')
    const more = Object.entries(figures).map(([name, value]) => `${name} ${value}`)
    process.stdout.write(
      `| ${[id, title, `${runs} runs`, `seed ${SEED}`, `lost ${outcome.lost}`, `dup ${outcome.duplicated}`, `reordered ${outcome.reordered}`, `ambiguous ${outcome.ambiguous}`, `detect ${row.detect_ms ?? '-'} ms`, `recover ${times} ms`, `peak ${row.peak_rss_mib} MiB`, `leaked ${leaked}`, ...more].join(' | ')} |\n`,
    )
    const { lost, duplicated, reordered } = outcome
    if (runs === 0) throw new Error(`${id} was never run`)
    if (lost + duplicated + reordered + leaked > 0) throw new Error(`${id} failed: ${JSON.stringify(row)}`)
  }
}

/**
 * Counts numbered lines `L000000017…` in a stream of bytes, whichever way it is cut. Whatever else is printed is not
 * looked at.
 */
export class LineCounter {
  #rest = ''
  /** The number that comes next. */
  next = 0
  seen = 0
  readonly outcome: Outcome = { lost: 0, duplicated: 0, reordered: 0, ambiguous: 0 }
  /** Lines that an announced gap took, or that a picture did not show any more; they are not lost in silence. */
  gaps = 0
  /** The first lines that were not the next, for whoever looks into a failure. */
  readonly oddities: string[] = []
  #announced: 'gap' | 'picture' | null = null
  readonly #hash = createHash('sha256')
  readonly #decoder = new TextDecoder()

  /** What follows begins behind an announced gap. */
  gap(): void {
    this.#announced ??= 'gap'
    this.#rest = ''
  }

  /** What follows is a picture of the terminal first: lines that were seen before, and perhaps not all of those after. */
  picture(): void {
    this.#announced = 'picture'
    this.#rest = ''
  }

  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const text = line.trimEnd()
      const found = /L(\d{9}) /.exec(text)
      if (!found) continue
      this.#hash.update(`${text.slice(found.index)}\n`)
      this.#line(Number(found[1]), text)
    }
  }

  /** Hash of the lines as they came. */
  hash(): string {
    return this.#hash.copy().digest('hex')
  }

  #line(number: number, text: string): void {
    this.seen += 1
    if (number !== this.next && this.oddities.length < 10)
      this.oddities.push(
        `${this.next} expected, ${number} came${this.#announced ? ` after a ${this.#announced}` : ''}: ${text.slice(0, 120)}`,
      )
    if (number < this.next) {
      if (this.#announced === 'picture') return
      if (number === this.next - 1) this.outcome.duplicated += 1
      else this.outcome.reordered += 1
    } else {
      if (this.#announced) this.gaps += number - this.next
      else this.outcome.lost += number - this.next
      this.next = number + 1
    }
    this.#announced = null
  }
}
