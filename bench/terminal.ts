import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { colleagues } from './support/colleagues.ts'
import { type Figure, main, median, paired, quantile } from './support/figures.ts'
import { type Client, endProcess, pilotWithWorkspace, stopTerminals } from './support/pilot.ts'
import { bun, pause, scoped, until } from './support/program.ts'
import {
  answer,
  attached,
  bareKind,
  closeTerminal,
  createTerminal,
  FLOOD,
  type Kind,
  openTab,
  PROMPT,
  pilotKind,
  prepared,
  processorMs,
  proportionalMiB,
  type Shell,
  Sink,
  shellOf,
  ttydKind,
} from './support/terminals.ts'

const bench = 'terminal'
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const FILE_MB = Number(process.env.BENCH_FILE_MB ?? 100)
const ECHOES = 300

/** What runs of the product, looked up anew because hosts come and go. */
interface Parts {
  client: Client
  home: string
  gateway: number
  daemon: number
  hosts(): number[]
}

/**
 * A terminal from a tab through gateway, link, daemon and host and back, beside the least that a terminal over a
 * WebSocket can be, and beside ttyd where that is installed.
 */
export async function run(): Promise<Figure[]> {
  return scoped(async (scope) => {
    const file = join(scope.directory('file'), 'mixed.txt')
    await writeMixed(file)
    const { home, pilot, client } = await pilotWithWorkspace(scope)
    // Terminals outlive the product unless they are ended.
    scope.defer(() => stopTerminals(home))
    const supervisor = pilot.supervisor.pid ?? 0
    const parts: Parts = {
      client,
      home,
      gateway: childOf(supervisor, 'serve'),
      daemon: childOf(supervisor, 'runtime'),
      hosts: () => hostsOf(home),
    }
    const own = pilotKind(client)
    const bare = await bareKind(scope)
    const ttyd = await ttydKind(scope)
    if (!ttyd) process.stderr.write('ttyd is not installed: the bare PTY is the only reference\n')
    const references = [bare, ...(ttyd ? [ttyd] : [])]
    const figures: Figure[] = []
    for (const reference of references) {
      figures.push(...(await echoFigures(own, reference)))
      figures.push(...(await throughputFigures(own, reference, file, reference === bare ? parts : null)))
    }
    figures.push(...(await memoryFigures(parts)))
    figures.push(...(await reattachFigures(parts)))
    figures.push(...(await viewerFigures(parts)))
    return figures
  })
}

/** A reference may lose a key under a flood (seen: ttyd), or take longer; it counts as this long, in ms. */
const LOST_MS = 1_000

interface EchoOptions {
  between?: () => Promise<unknown>
  mayLose?: boolean
}

/** Times of single keys until they come back, in ms. The program gives back what is typed at once. */
async function echoes(
  shell: Shell,
  count: number,
  { between = () => pause(3), mayLose = false }: EchoOptions = {},
): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    await between()
    // Control characters are echoed as two: a flood of letters holds none of them.
    const echo = answer(shell, '\u0001', '^A', LOST_MS)
    times.push(await (mayLose ? echo.catch(() => LOST_MS) : echo))
  }
  return times
}

const quiet = async (shell: Shell) => {
  await answer(shell, 'stty echo; echo "echo"es\r', 'echoes')
  shell.type('cat > /dev/null\r')
  await pause(100)
}

async function echoFigures(own: Kind, reference: Kind): Promise<Figure[]> {
  const idle: [number[], number[]][] = []
  const flooded: [number[], number[]][] = []
  const beside: [number[], number[]][] = []
  const interrupt: [number[], number[]][] = []
  for (let round = 0; round < ROUNDS; round++) {
    const rows = {
      idle: [] as number[][],
      flooded: [] as number[][],
      beside: [] as number[][],
      interrupt: [] as number[][],
    }
    for (const kind of round % 2 === 0 ? [own, reference] : [reference, own]) {
      const mayLose = kind === reference
      const shell = await kind.open()
      await quiet(shell)
      await echoes(shell, 30, { mayLose })
      rows.idle.push(await echoes(shell, ECHOES, { mayLose }))
      let other = await kind.open()
      await answer(other, `${FLOOD}\r`, 'floods')
      rows.beside.push(await echoes(shell, ECHOES, { mayLose }))
      const stops: number[] = []
      for (let i = 0; i < 5; i++) {
        const ms = await answer(other, '\u0003', PROMPT, LOST_MS).catch((error: unknown) => {
          if (mayLose) return null
          throw error
        })
        if (ms === null) {
          await other.close()
          other = await kind.open()
        }
        stops.push(ms ?? LOST_MS)
        await answer(other, `stty echo; ${FLOOD}\r`, 'floods')
        await pause(300)
      }
      rows.interrupt.push(stops)
      rows.flooded.push(await echoes(other, 60, { between: () => pause(15), mayLose }))
      await answer(other, '\u0003', PROMPT, LOST_MS).catch(() => undefined)
      await other.close()
      await shell.close()
    }
    const inOrder = (lists: number[][]): [number[], number[]] => {
      const [first = [], second = []] = round % 2 === 0 ? lists : lists.toReversed()
      return [first, second]
    }
    idle.push(inOrder(rows.idle))
    flooded.push(inOrder(rows.flooded))
    beside.push(inOrder(rows.beside))
    interrupt.push(inOrder(rows.interrupt))
  }
  const figure = (name: string, lists: [number[], number[]][], q: number, aim?: number) =>
    paired(
      {
        bench,
        name: `${name}, p${q * 100}`,
        unit: 'ms',
        reference: reference.name,
        each: lists[0]?.[0].length ?? 1,
        ...(aim ? { aim: { text: `at most ${aim} ms`, met: ({ value }: { value: number }) => value <= aim } } : {}),
      },
      lists.map(([mine, theirs]) => [quantile(mine, q), quantile(theirs, q)] as const),
    )
  return [
    figure('echo, idle', idle, 0.5, 0.6),
    figure('echo, idle', idle, 0.99, 3),
    figure('echo, the same terminal floods', flooded, 0.5),
    figure('echo, the same terminal floods', flooded, 0.99, 30),
    figure('echo, a neighbour floods', beside, 0.5),
    figure('echo, a neighbour floods', beside, 0.99, 5),
    figure('Ctrl-C to prompt under flood', interrupt, 0.5),
    figure('Ctrl-C to prompt under flood', interrupt, 0.95, 50),
  ]
}

async function throughputFigures(own: Kind, reference: Kind, file: string, parts: Parts | null): Promise<Figure[]> {
  const mixed: [number, number][] = []
  const numbers: [number, number][] = []
  const machine: [number, number][] = []
  const gateway: [number, number][] = []
  for (let round = 0; round < ROUNDS; round++) {
    const mb: Record<string, number> = {}
    const seq: Record<string, number> = {}
    const used = { machine: 0, gateway: 0, reference: 0 }
    for (const kind of round % 2 === 0 ? [own, reference] : [reference, own]) {
      const shell = await kind.open()
      const speed = async (command: string) => {
        const before = shell.bytes()
        const ms = await answer(shell, `${command}; echo fin""ished\r`, 'finished')
        return { speed: (shell.bytes() - before) / 1_000 / ms, mb: (shell.bytes() - before) / 1e6 }
      }
      const usedBy = () => ({
        machine: parts ? processorMs(parts.daemon, ...parts.hosts()) : 0,
        gateway: parts ? processorMs(parts.gateway) : 0,
        reference: processorMs(reference.pid),
      })
      const before = usedBy()
      const result = await speed(`cat ${file}`)
      const after = usedBy()
      mb[kind.name] = result.speed
      for (const part of kind === own ? (['machine', 'gateway'] as const) : (['reference'] as const))
        used[part] = (after[part] - before[part]) / result.mb
      seq[kind.name] = (await speed('seq 1 2000000')).speed
      await shell.close()
    }
    mixed.push([mb[own.name] ?? 0, mb[reference.name] ?? 0])
    numbers.push([seq[own.name] ?? 0, seq[reference.name] ?? 0])
    machine.push([used.machine, used.reference])
    gateway.push([used.gateway, used.reference])
  }
  const isTtyd = reference.name === 'ttyd'
  const atLeast = { text: 'at least × 0.9', met: ({ ratio }: { ratio: number }) => ratio >= 0.9 }
  const cost = (name: string, pairs: [number, number][], aim: number): Figure =>
    paired(
      {
        bench,
        name,
        unit: 'ms/MB',
        reference: reference.name,
        aim: { text: `at most ${aim}`, met: ({ value }) => value <= aim },
      },
      pairs,
    )
  return [
    paired(
      {
        ...{ bench, name: `${FILE_MB} MB of mixed text`, unit: 'MB/s', reference: reference.name },
        // Set as a part of what ttyd does.
        ...(isTtyd ? { aim: atLeast } : {}),
      },
      mixed,
    ),
    paired({ bench, name: 'seq', unit: 'MB/s', reference: reference.name }, numbers),
    ...(parts ? [cost('processor, daemon and host', machine, 9), cost('processor, gateway', gateway, 2)] : []),
  ]
}

async function memoryFigures({ client, hosts }: Parts): Promise<Figure[]> {
  const figures: Figure[] = []
  const open: Awaited<ReturnType<typeof createTerminal>>[] = []
  const bare = spawn(bun(), ['-e', 'setInterval(() => {}, 1 << 30)'], { stdio: 'ignore' })
  try {
    await pause(500)
    const reference = { name: 'a Bun that does nothing', value: proportionalMiB(bare.pid ?? 0) }
    for (const [count, aim] of [
      [1, 15],
      [20, 100],
      [50, 240],
    ] as const) {
      while (open.length < count) open.push(await createTerminal(client))
      await pause(1_000)
      const value = proportionalMiB(...hosts())
      figures.push({
        bench,
        name: `hosts of ${count} idle terminals`,
        unit: 'MiB',
        value,
        reference,
        ratio: value / reference.value,
        aim: { text: `at most ${aim} MB`, met: value * 1.048576 <= aim },
        runs: 1,
      })
    }
  } finally {
    for (const id of open) await closeTerminal(client, id)
    await endProcess(bare)
  }
  return figures
}

/** A tab that begins with nothing, at a terminal that has printed 10,000 lines. */
async function reattachFigures({ client }: Parts): Promise<Figure[]> {
  const first: number[] = []
  const complete: number[] = []
  const id = await createTerminal(client)
  const tab = openTab(client)
  const terminal = await attached(tab, id, new Sink())
  const sink = new Sink()
  const filler = openTab(client)
  const filling = await attached(filler, id, sink)
  const shell = await prepared(shellOf(filling, sink))
  await answer(
    shell,
    `for i in $(seq 1 10000); do echo "line $i $(printf '%050d' $i)"; done; echo fin""ished\r`,
    'finished',
  )
  filler.close()
  await pause(500)
  for (let round = 0; round < ROUNDS * 3; round++) {
    terminal.setScreen(null, { cols: 80, rows: 24 })
    await pause(50)
    const fresh = new Sink()
    let firstMs = 0
    const began = performance.now()
    fresh.listener = () => {
      firstMs ||= performance.now() - began
    }
    const live = new Promise<void>((resolve) => {
      const stop = terminal.subscribe(() => {
        if (terminal.get().phase !== 'live' || fresh.bytes === 0) return
        stop()
        resolve()
      })
    })
    terminal.setScreen(fresh, { cols: 80, rows: 24 })
    await live
    complete.push(performance.now() - began)
    first.push(firstMs)
  }
  tab.close()
  await closeTerminal(client, id)
  const figure = (name: string, values: number[], aim: number): Figure => ({
    bench,
    name,
    unit: 'ms',
    value: median(values),
    aim: { text: `at most ${aim} ms`, met: median(values) <= aim },
    runs: values.length,
  })
  return [
    figure('reattach with 10,000 lines, first byte', first, 15),
    figure('reattach with 10,000 lines, complete', complete, 60),
  ]
}

/** Many viewers of one terminal, and a slow one beside a fast one. */
async function viewerFigures({ client, home, gateway, daemon }: Parts): Promise<Figure[]> {
  const id = await createTerminal(client)
  const tab = openTab(client)
  const sink = new Sink()
  const terminal = await attached(tab, id, sink)
  const shell = await prepared(shellOf(terminal, sink))
  const lines = 'seq -f "%.0f 0123456789 0123456789 0123456789 0123456789" 1 300000'
  const speedOf = async () => {
    const before = shell.bytes()
    const ms = await answer(shell, `${lines}; echo fin""ished\r`, 'finished')
    return (shell.bytes() - before) / 1_000 / ms
  }
  const beside: [number, number][] = []
  let added = 0
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await speedOf()
    const before = residentMiB(gateway) + residentMiB(daemon)
    const slowTab = openTab(client)
    // At that rate it would be a while until it is live.
    slowTab.terminals.open(id).setScreen(new Sink(10_000), { cols: 80, rows: 24 })
    await until('the slow viewer', () => slowTab.terminals.open(id).get().phase === 'catching_up')
    const together = await speedOf()
    added = Math.max(added, residentMiB(gateway) + residentMiB(daemon) - before)
    slowTab.close()
    beside.push([together, alone])
  }

  const viewers = 200
  const people = colleagues(home, client, 4)
  const sinks = Array.from({ length: viewers }, () => new Sink())
  const tabs = sinks.map((_, index) => openTab(people[index % people.length] ?? client))
  await Promise.all(tabs.map((one, index) => attached(one, id, sinks[index] ?? new Sink())))
  const began = performance.now()
  const cpu = processorMs(gateway)
  const base = sinks.map(({ bytes }) => bytes)
  // About 1 MB/s: a hundred pieces of 10 kB a second.
  await answer(
    shell,
    `for i in $(seq 1 300); do printf '%010000d\\n' $i; sleep 0.008; done; echo fin""ished\r`,
    'finished',
  )
  const seconds = (performance.now() - began) / 1_000
  await until('the last viewer', () => sinks.every(({ bytes }, index) => bytes - (base[index] ?? 0) > 2_900_000))
  const lag = performance.now() - began - seconds * 1_000
  const cores = (processorMs(gateway) - cpu) / (performance.now() - began)
  for (const one of tabs) one.close()
  tab.close()
  await closeTerminal(client, id)
  return [
    paired(
      {
        bench,
        name: 'fast viewer beside one at 10 kB/s',
        unit: 'MB/s',
        reference: 'alone',
        aim: { text: 'at least × 0.9', met: ({ ratio }) => ratio >= 0.9 },
      },
      beside,
    ),
    {
      bench,
      name: 'memory that the slow viewer adds',
      unit: 'MiB',
      value: added,
      aim: { text: 'at most 10', met: added <= 10 },
      runs: ROUNDS,
    },
    {
      bench,
      name: `${viewers} viewers at ${(3 / seconds).toFixed(1)} MB/s, last one later by`,
      unit: 'ms',
      value: lag,
      runs: 1,
    },
    {
      bench,
      name: `${viewers} viewers, processor of the gateway`,
      unit: 'cores',
      value: cores,
      aim: { text: 'at most 1', met: cores <= 1 },
      runs: 1,
    },
  ]
}

/** Coloured and plain text, short and long lines, wide characters: the same in every run. */
async function writeMixed(file: string): Promise<void> {
  const lines = Array.from({ length: 2_000 }, (_, i) => {
    const colour = `\u001b[38;5;${i % 256}m`
    const text = [
      'plain text of a build log',
      'größe 漢字 ✓',
      `${'='.repeat(i % 120)}>`,
      `\u001b[1m${i}\u001b[22m: warning`,
    ][i % 4]
    return `${i % 3 === 0 ? colour : ''}${String(i).padStart(6)} ${text}${i % 3 === 0 ? '\u001b[0m' : ''}`
  })
  const block = Buffer.from(`${lines.join('\n')}\n`)
  const out = createWriteStream(file)
  for (let written = 0; written < FILE_MB * 1e6; written += block.length)
    if (!out.write(block)) await once(out, 'drain')
  out.end()
  await once(out, 'finish')
}

/** The child of a process whose command line holds the word. */
function childOf(parent: number, word: string): number {
  const found = processes().find(({ ppid, words }) => ppid === parent && words.includes(word))
  if (!found) throw new Error(`no child "${word}" of ${parent}`)
  return found.pid
}

const hostsOf = (home: string): number[] =>
  processes()
    .filter(({ words, pid }) => words.some((word) => word.includes('pty-host')) && belongs(pid, words, home))
    .map(({ pid }) => pid)

function belongs(pid: number, words: string[], home: string): boolean {
  try {
    return words.some((word) => word.includes(home)) || readFileSync(`/proc/${pid}/environ`, 'utf8').includes(home)
  } catch {
    return false
  }
}

function processes(): { pid: number; ppid: number; words: string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
        return [{ pid: Number(name), ppid, words: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') }]
      } catch {
        return []
      }
    })
}

const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024

if (import.meta.main) await main(run)
