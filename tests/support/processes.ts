import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { bunBinary, pilotProgram, until } from './pilot.ts'

export interface StartedProcess {
  readonly child: ChildProcess
  readonly pid: number
  /** The last 200 kB that it wrote. */
  output(): string
  running(): boolean
  /** Resolves once it is gone. With `group` its whole process group is meant, as a stopped unit means everything in it. */
  kill(signal: NodeJS.Signals, options?: { group?: boolean }): Promise<void>
}

/**
 * Starts a command of the product in a process group of its own. `through`: a command that gets program and arguments,
 * and must become them.
 */
export function startProduct(
  args: string[],
  env: Record<string, string>,
  stdin = '',
  through: readonly string[] = [],
): StartedProcess {
  const [command = '', ...rest] = [...through, bunBinary(), pilotProgram, ...args]
  const child = spawn(command, rest, {
    env: { ...process.env, PILOT_STAGE: 'test', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  const collect = (data: Buffer) => {
    output = (output + data.toString()).slice(-200_000)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  const pid = child.pid ?? 0
  // A test run that is broken off leaves nothing behind either.
  const abandon = () => child.kill('SIGKILL')
  process.once('exit', abandon)
  child.once('exit', () => process.off('exit', abandon))
  const running = () => child.exitCode === null && child.signalCode === null
  return {
    child,
    pid,
    output: () => output,
    running,
    async kill(signal, { group = false } = {}) {
      if (!running()) return
      const exited = once(child, 'exit')
      process.kill(group ? -pid : pid, signal)
      await exited
    },
  }
}

/** Runs a command of the product to its end; gives its exit code and what it wrote. */
export async function runProduct(
  args: string[],
  env: Record<string, string>,
): Promise<{ code: number; output: string }> {
  const started = startProduct(args, env)
  await until(`pilot ${args[0]} to end`, () => !started.running())
  return { code: started.child.exitCode ?? -1, output: started.output() }
}

/** Processes that belong to this home (by command line or environment) and whose command line holds the words. */
export function processesOf(home: string, ...words: string[]): number[] {
  return pids().filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
      return (
        words.every((word) => command.some((part) => part.includes(word))) &&
        (command.some((part) => part.includes(home)) || environment.includes(home))
      )
    } catch {
      return false
    }
  })
}

const pids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

/**
 * Processes that hold a terminal of this home. Neither their arguments nor their environment say so: they are known by
 * the socket that they listen on, and by what they wrote down.
 */
export function hostsOf(home: string): number[] {
  const terminals = join(home, 'runtime', 'terminals')
  const inodes = new Set(
    readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[7]?.startsWith(terminals))
      .map((fields) => `socket:[${fields[6]}]`),
  )
  const recorded = new Set(
    (existsSync(terminals) ? readdirSync(terminals) : []).flatMap((name) => {
      try {
        const record = JSON.parse(readFileSync(join(terminals, name, 'host.json'), 'utf8')) as { pid: number }
        return [record.pid]
      } catch {
        return []
      }
    }),
  )
  return pids().filter((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('pty-host')) return false
      const listens = () =>
        readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`)))
      return recorded.has(pid) || listens()
    } catch {
      return false
    }
  })
}

/** Resident memory in MiB; 0 when the process is gone. */
export function residentMiB(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024
  } catch {
    return 0
  }
}

/** Open descriptors; 0 when the process is gone. */
export function descriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}
