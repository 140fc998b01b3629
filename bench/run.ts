import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, platform } from 'node:os'
import { join } from 'node:path'
import { type Figure, table } from './support/figures.ts'
import { program } from './support/program.ts'

/** Everything, or the programs named as arguments. Prints one table and keeps it in `results`. */
const programs = {
  start: () => import('./start.ts'),
  prompt: () => import('./prompt.ts'),
  proxy: () => import('./proxy.ts'),
  answer: () => import('./answer.ts'),
  stream: () => import('./stream.ts'),
  page: () => import('./page.ts'),
  memory: () => import('./memory.ts'),
  terminal: () => import('./terminal.ts'),
  far: () => import('./far.ts'),
}

const named = process.argv.slice(2)
const chosen = Object.entries(programs).filter(([name]) => named.length === 0 || named.includes(name))
program()
const figures: Figure[] = []
const loads: Record<string, number> = {}
for (const [name, open] of chosen) {
  process.stderr.write(`${name}…\n`)
  const { run } = await open()
  figures.push(...(await run()))
  loads[name] = Math.round((loadavg()[0] ?? 0) * 10) / 10
}
process.stdout.write(`${table(figures)}\n`)

const date = new Date().toISOString().slice(0, 10)
const folder = join(import.meta.dirname, 'results')
const file = join(folder, `${date}.json`)
interface Results {
  machine: { load_after: Record<string, number> }
  figures: Figure[]
}
/** What was measured earlier that day stays, unless it was measured again. */
const before: Results = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as Results)
  : { machine: { load_after: {} }, figures: [] }
const measured = new Set(chosen.map(([name]) => name))
const kept = before.figures.filter(({ bench }) => !measured.has(bench))
const machine = { os: platform(), cores: cpus().length, load_after: { ...before.machine.load_after, ...loads } }
mkdirSync(folder, { recursive: true })
writeFileSync(file, `${JSON.stringify({ date, machine, figures: [...kept, ...figures] }, null, 2)}\n`)
