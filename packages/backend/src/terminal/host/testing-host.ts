import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TerminalId } from '@pilot/domain/entities/terminal'
import { newId } from '@pilot/domain/ids'
import type { SizeAt } from '@pilot/protocol/terminal/model'
import type { SourceSpec, TerminalSource } from '../source.ts'
import { connectHost } from './host-source.ts'
import { hostLauncher } from './launcher.ts'
import { hostPaths, terminalsRoot } from './paths.ts'

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..', '..')
const cpu = process.arch === 'arm64' ? 'aarch64' : process.arch
export const bun = join(repository, 'node_modules', '@oven', `bun-${process.platform}-${cpu}`, 'bin', 'bun')
export const hostEntry = join(repository, 'services', 'runtime', 'src', 'pty-host', 'entry.ts')

/** Real holders in a directory of their own. `dispose` ends every one that was started, and what runs in it. */
export function testHosts(command: [string, ...string[]] = [bun, hostEntry]) {
  const home = mkdtempSync(join(tmpdir(), 'pilot-hosts-'))
  const root = terminalsRoot(home)
  const children: ChildProcess[] = []
  const sources: TerminalSource[] = []
  const launcher = hostLauncher({
    root,
    command,
    spawn: ((program: string, args: readonly string[], options: object) => {
      const child = spawn(program, args, options)
      children.push(child)
      return child
    }) as typeof spawn,
    temporary: tmpdir(),
    scope: [],
    env: { PATH: process.env.PATH, HOME: home },
  })
  return {
    home,
    root,
    launcher,
    children,
    /** Starts a program and records everything that its source says. */
    async start(argv: [string, ...string[]], options: Partial<Omit<SourceSpec, 'terminalId'>> = {}) {
      const terminalId: TerminalId = newId('terminal')
      const layer = { kind: 'pty' as const, argv }
      const env = { PATH: process.env.PATH ?? '', HOME: home, PS1: '$ ', LANG: 'C.UTF-8' }
      const source = await launcher.start({ terminalId, cwd: home, env, cols: 80, rows: 24, layer, ...options })
      sources.push(source)
      return record(source)
    },
    /** The terminals that a daemon finds after its restart. */
    async adopt() {
      const found = await launcher.adopt()
      sources.push(...found)
      return found.map(record)
    },
    /** Another client of a terminal that runs, such as `pilot attach`. */
    async client(terminalId: TerminalId) {
      const { socket: path } = hostPaths(root, terminalId, tmpdir())
      const source = await connectHost({ path, terminalId, role: 'attach' })
      sources.push(source)
      return record(source)
    },
    async dispose() {
      for (const source of sources) source.release()
      for (const { pid } of children) if (pid !== undefined) endHolder(pid)
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** What a holder started, which leads sessions of its own, and then the holder. */
function endHolder(pid: number): void {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  for (const child of stdout.split('\n').map(Number).filter(Boolean)) {
    spawnSync('pkill', ['-KILL', '-s', String(child)])
    kill(child)
  }
  kill(pid)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

export type Recorded = ReturnType<typeof record>

/** A source, and everything that it said. */
export function record(source: TerminalSource) {
  const sizes: SizeAt[] = []
  const accepted: [string, number][] = []
  const counts = { bells: 0, wanted: 0, lost: 0, gaps: 0 }
  let chunks: Uint8Array[] = []
  let next: number | null = null
  source.listen({
    onOutput(offset, bytes) {
      if (next !== null && offset !== next) counts.gaps += 1
      next = offset + bytes.length
      chunks.push(bytes)
    },
    onSize: (size) => sizes.push(size),
    onAccepted: (writer, upTo) => accepted.push([writer, upTo]),
    onStatus() {},
    onBell: () => {
      counts.bells += 1
    },
    onCheckpointWanted: () => {
      counts.wanted += 1
    },
    onLost: () => {
      counts.lost += 1
    },
  })
  let typed = 0
  return {
    source,
    sizes,
    accepted,
    counts,
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString('utf8'),
    length: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    clear() {
      chunks = []
    },
    /** Follows everything with as much credit as anybody could want. */
    watch(from = 0) {
      next = from
      source.follow(from)
      source.credit(Number.MAX_SAFE_INTEGER)
    },
    type(text: string) {
      const bytes = Buffer.from(text)
      source.write('writer', typed, bytes)
      typed += bytes.length
    },
  }
}

/** Waits until it is so; fails with what it waited for. */
export async function until(what: string, holds: () => boolean, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
