import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '..', '..', '..')

/** The pinned Bun that `npm test` installed. */
export function bunBinary(): string {
  const os = process.platform === 'darwin' ? 'darwin' : 'linux'
  const cpu = process.arch === 'arm64' ? 'aarch64' : 'x64'
  return join(root, 'node_modules', '@oven', `bun-${os}-${cpu}`, 'bin', 'bun')
}

/** The product's test build, with the dev sign-in compiled in, or the program that PILOT_TEST_PROGRAM names. */
export const pilotProgram = process.env.PILOT_TEST_PROGRAM ?? join(root, 'dist', 'pilot-test.js')

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Waits for a condition; the last error or value is part of what is thrown. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const value = await probe()
      if (value) return value
      last = value
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}; last: ${String(last)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

export interface PilotOptions {
  /** Passed as --workspace; without it the demo repository is made. */
  workspace?: string
  home?: string
  port?: number
  baseUrl?: string
  env?: Record<string, string>
  /** Command that runs the product: it gets program and arguments, and must become them. */
  through?: string[]
}

export interface RunningPilot {
  home: string
  port: number
  url: string
  /** The one-time sign-in link that was printed. */
  link: string
  output: () => string
  supervisor: ChildProcess
  /** Pids of the running children whose command line holds all the words. */
  pids: (...words: string[]) => number[]
  /** Asks for another sign-in link. */
  newLink: () => Promise<string>
  /** Ends everything, terminals too, and fails when one lives on; the home stays unless `startPilot` made it. */
  stop: () => Promise<number | null>
}

/** Starts the product as a user does (`pilot up`, test build), and waits for its sign-in link. */
export async function startPilot(options: PilotOptions = {}): Promise<RunningPilot> {
  const ownHome = !options.home
  const home = options.home ?? realpathSync(mkdtempSync(join(tmpdir(), 'pilot-home-')))
  const port = options.port ?? (await freePort())
  const args = [pilotProgram, 'up', '--home', home, '--port', String(port), '--no-open']
  if (options.workspace) args.push('--workspace', options.workspace)
  if (options.baseUrl) args.push('--base-url', options.baseUrl)
  const env: Record<string, string | undefined> = {
    ...process.env,
    PILOT_STAGE: 'test',
    INIT_CWD: home,
    ...options.env,
  }
  for (const key of ['OPENROUTER_API_KEY', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY'])
    if (!options.env?.[key]) delete env[key]
  const [command = '', ...rest] = [...(options.through ?? []), bunBinary(), ...args]
  const supervisor = spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const collect = (data: Buffer) => {
    output = (output + data.toString()).slice(-200_000)
  }
  supervisor.stdout.on('data', collect)
  supervisor.stderr.on('data', collect)

  const stop = async () => {
    if (supervisor.exitCode === null && supervisor.signalCode === null) {
      const exited = once(supervisor, 'exit')
      supervisor.kill('SIGINT')
      const timer = setTimeout(() => supervisor.kill('SIGKILL'), 40_000)
      await exited
      clearTimeout(timer)
    }
    const left = await endTerminals(home, env)
    if (ownHome) rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    if (left) throw new Error(`terminals live on after the stop: ${left}`)
    return supervisor.exitCode
  }
  const newLink = async () => {
    const child = spawn(bunBinary(), [pilotProgram, 'link', '--home', home], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString()
    })
    await once(child, 'close')
    return text.trim()
  }
  try {
    const link = await until('the sign-in link', () => {
      if (supervisor.exitCode !== null) throw new Error(`pilot up ended with ${supervisor.exitCode}`)
      return output.match(/https?:\/\/\S+#owner=\S+/)?.[0]
    })
    const url = link.slice(0, link.indexOf('/login'))
    return {
      home,
      port,
      url,
      link,
      output: () => output,
      supervisor,
      pids: (...words) => pidsOf(home, words),
      newLink,
      stop,
    }
  } catch (error) {
    await stop()
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${output}`)
  }
}

/** Ends the terminals of a home as its user would; says what is left of them, or nothing. */
async function endTerminals(home: string, env: Record<string, string | undefined>): Promise<string> {
  const holders = terminalHolders(home)
  if (holders.length === 0) return ''
  const child = spawn(bunBinary(), [pilotProgram, 'stop', '--terminals', '--home', home], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  const tmux = join(home, 'runtime', 'terminals', 'tmux')
  const isGone = () => holders.every((pid) => !isTerminalHolder(pid)) && pidsNaming(tmux).length === 0
  const gone = await until('the terminals to be gone', isGone, 5_000).catch(() => false)
  if (!gone) for (const pid of [...holders.filter(isTerminalHolder), ...pidsNaming(tmux)]) process.kill(pid, 'SIGKILL')
  return code === 0 && gone ? '' : output
}

/** Processes that hold a terminal of this home, as they wrote down themselves. */
export function terminalHolders(home: string): number[] {
  const terminals = join(home, 'runtime', 'terminals')
  if (!existsSync(terminals)) return []
  return readdirSync(terminals).flatMap((name) => {
    try {
      const { pid } = JSON.parse(readFileSync(join(terminals, name, 'host.json'), 'utf8')) as { pid: number }
      return isTerminalHolder(pid) ? [pid] : []
    } catch {
      return []
    }
  })
}

function isTerminalHolder(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('pty-host')
  } catch {
    return false
  }
}

/** Processes whose command line holds the text. */
function pidsNaming(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
      } catch {
        return false
      }
    })
}

/** Processes that belong to this home (by command line or environment) and whose command line holds the words. */
function pidsOf(home: string, words: string[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
        return (
          words.every((word) => command.some((part) => part.includes(word))) &&
          (command.includes(home) || environment.includes(home))
        )
      } catch {
        return false
      }
    })
}
