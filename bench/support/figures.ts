/** One line of the table. `value` and `reference` are medians of runs that were made in turns. */
export interface Figure {
  bench: string
  name: string
  unit: string
  value: number
  /** What the same run measured beside it. */
  reference?: { name: string; value: number }
  /** `value` ÷ `reference`: the median of the ratios of the paired runs. */
  ratio?: number
  /** What the design asks for. Nothing fails when it is missed: a time depends on the machine. */
  aim?: { text: string; met: boolean }
  /** How many measurements stand behind it. */
  runs: number
}

/** Middle of the sorted values, `q` from 0 to 1. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

interface PairedOptions {
  bench: string
  name: string
  unit: string
  reference: string
  aim?: { text: string; met: (figure: { value: number; ratio: number }) => boolean }
  /** Measurements behind each pair, when a pair is a quantile of many. */
  each?: number
}

/** The figure of runs that were made in pairs: [value, reference]. */
export function paired(options: PairedOptions, pairs: readonly (readonly [number, number])[]): Figure {
  const value = median(pairs.map(([own]) => own))
  const ratio = median(pairs.map(([own, other]) => own / other))
  const { bench, name, unit, aim } = options
  return {
    bench,
    name,
    unit,
    value,
    reference: { name: options.reference, value: median(pairs.map(([, other]) => other)) },
    ratio,
    ...(aim ? { aim: { text: aim.text, met: aim.met({ value, ratio }) } } : {}),
    runs: pairs.length * (options.each ?? 1),
  }
}

const digits = (value: number): string => value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)

/** The table as Markdown, so that it can be pasted into the notes as it is. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.bench,
    figure.name,
    `${digits(figure.value)} ${figure.unit}`,
    figure.reference ? `${digits(figure.reference.value)} ${figure.unit} (${figure.reference.name})` : '',
    figure.ratio === undefined ? '' : `× ${digits(figure.ratio)}`,
    figure.aim ? `${figure.aim.text}: ${figure.aim.met ? 'met' : 'missed'}` : '',
    String(figure.runs),
  ])
  const all = [['bench', 'figure', 'median', 'reference', 'ratio', 'aim', 'runs'], ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = all
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n')
}

/** Runs one program by itself and prints its table. */
export async function main(run: () => Promise<Figure[]>): Promise<void> {
  process.stdout.write(`${table(await run())}\n`)
}
