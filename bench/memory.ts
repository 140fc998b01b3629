import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { newId } from '@pilot/domain/ids'
import { type Figure, main, median } from './support/figures.ts'
import { endProcess, openWorkspace, startPilot } from './support/pilot.ts'
import { bun, makeRepository, scoped, until } from './support/program.ts'

const ROUNDS = 2
const IDLE_MS = 30_000

/** MiB. `own`: what is in no file and so belongs to the process alone. `file`: mapped parts of files, such as Bun itself. */
interface Memory {
  rss: number
  own: number
  file: number
}

interface Sample {
  gateway: Memory
  runtime: Memory
  supervisor: Memory
  opencode: Memory
  bare: Memory
  /** Gateway and runtime after a prompt, with OpenCode beside them. */
  used: number
}

/** Idle memory of every process, without OpenCode and with it, beside a Bun that does nothing. Linux only. */
export async function run(): Promise<Figure[]> {
  const samples: Sample[] = []
  for (let round = 0; round < ROUNDS; round++) samples.push(await sample())
  const bench = 'memory'
  const unit = 'MiB'
  const of = (pick: (one: Sample) => number) => median(samples.map(pick))
  const bare = { name: 'a Bun that does nothing', value: of((one) => one.bare.rss) }
  const figure = (
    name: string,
    pick: (one: Sample) => number,
    reference?: { name: string; value: number },
  ): Figure => ({
    bench,
    name,
    unit,
    value: of(pick),
    ...(reference ? { reference, ratio: of(pick) / reference.value } : {}),
    runs: ROUNDS,
  })
  const together = ({ gateway, runtime }: Sample) => both(gateway, runtime)
  const met = of(together) * 1.048576 < 120
  return [
    { ...figure('gateway and runtime, idle', together), aim: { text: 'under 120 MB', met } },
    figure('gateway, idle, rss', (one) => one.gateway.rss, bare),
    figure('runtime, idle, rss', (one) => one.runtime.rss, bare),
    figure('supervisor, rss', (one) => one.supervisor.rss, bare),
    figure('gateway and runtime after a prompt', (one) => one.used),
    figure('OpenCode after a prompt, rss', (one) => one.opencode.rss, bare),
  ]
}

/** What two processes take of a computer: their own pages, and the files that both map once. */
const both = (one: Memory, other: Memory): number => one.own + other.own + Math.max(one.file, other.file)

async function sample(): Promise<Sample> {
  return scoped(async (scope) => {
    const repository = scope.directory('repository')
    const home = scope.directory('home')
    makeRepository(repository)
    const bare = spawn(bun(), ['-e', 'setInterval(() => {}, 1 << 30)'], { stdio: 'ignore' })
    scope.defer(() => endProcess(bare))
    const pilot = await startPilot({ home, workspace: repository })
    scope.defer(() => pilot.stop())
    const client = await openWorkspace(pilot, repository)
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
    const supervisor = pilot.supervisor.pid ?? 0
    const gateway = () => memoryOf(childOf(supervisor, 'serve'))
    const runtime = () => memoryOf(childOf(supervisor, 'runtime'))
    const idle = {
      gateway: gateway(),
      runtime: runtime(),
      supervisor: memoryOf(supervisor),
      bare: memoryOf(bare.pid ?? 0),
    }
    const id = newId('agent_session')
    await client.json('POST', '/sessions', { id, title: 'bench' })
    const command = { id: newId('command'), session_id: id, kind: 'prompt', text: 'Say it\n@say ready' }
    await client.json('POST', `/sessions/${id}/commands`, command)
    await until('the answer', async () => {
      const { state } = await client.json<{ state: string }>('GET', `/sessions/${id}/commands/${command.id}`)
      return state === 'done'
    })
    const opencode = memoryOf(childOf(childOf(supervisor, 'runtime'), 'serve'))
    return { ...idle, opencode, used: both(gateway(), runtime()) }
  })
}

/** The child of a process whose command line holds the word. */
function childOf(parent: number, word: string): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      if (ppid === parent && readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(word))
        return Number(name)
    } catch {
      // It ended while it was looked at.
    }
  }
  throw new Error(`no child "${word}" of ${parent}`)
}

function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const mib = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) / 1_024
  const rss = mib('Rss')
  const own = mib('Anonymous')
  return { rss, own, file: rss - own }
}

if (import.meta.main) await main(run)
