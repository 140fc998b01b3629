import type { spawn as nodeSpawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type TerminalId, TerminalIdSchema } from '@pilot/domain/entities/terminal'
import { PilotError } from '@pilot/domain/errors'
import type { SourceLauncher, SourceSpec, TerminalSource } from '../source.ts'
import { EndedSource } from './ended-source.ts'
import { connectHost } from './host-source.ts'
import { hostPaths } from './paths.ts'
import { processStart } from './process-start.ts'
import type { HostSpec } from './record.ts'
import { HostAnswerSchema, HostRecordSchema, type ReadRecord } from './schemas.ts'
import { tmuxServerPath } from './tmux/commands.ts'

export interface LauncherOptions {
  /** Directory of all terminals, see `terminalsRoot`. */
  root: string
  /** The command line that starts a holder; it reads its spec from stdin. */
  command: readonly [string, ...string[]]
  spawn: typeof nodeSpawn
  /** Private short directory for sockets, such as XDG_RUNTIME_DIR, else the system's temporary one. */
  temporary: string
  /** Command that puts a process outside of the daemon's own group of processes, such as `systemd-run --scope`. */
  scope: readonly string[]
  /** Environment of the holder itself, which is not that of its program. */
  env: Record<string, string | undefined>
}

const READY_MS = 15_000
const REVIVE_MS = 2_000
const REVIVE_POLL_MS = 10
const LEAVE_MS = 3_000
const LEAVE_POLL_MS = 10

/** Starts one small process per terminal that outlives this one, and finds those that are there. */
export function hostLauncher(options: LauncherOptions): SourceLauncher {
  return {
    async start(spec) {
      const paths = hostPaths(options.root, spec.terminalId, options.temporary)
      await mkdir(options.root, { recursive: true, mode: 0o700 })
      await goneOf(paths.directory)
      const line: HostSpec = {
        terminal_id: spec.terminalId,
        root: options.root,
        temporary: options.temporary,
        cwd: spec.cwd,
        env: spec.env,
        cols: spec.cols,
        rows: spec.rows,
        layer: layerOf(spec, options),
      }
      if (line.layer.kind === 'tmux') await reviveSocket(options, line.layer.server)
      await launch(options, line)
      return await connectHost({ path: paths.socket, terminalId: spec.terminalId, role: 'daemon' })
    },
    async adopt(only) {
      const all = await readdir(options.root).catch(() => [])
      const entries = all.filter((entry) => only === undefined || entry === only)
      const found = await Promise.all(entries.map((entry) => adoptOne(options, entry)))
      return found.filter((source) => source !== null)
    },
  }
}

/** A dismissed holder of the same terminal may still be leaving, and takes its directory along. */
async function goneOf(directory: string): Promise<void> {
  const deadline = Date.now() + LEAVE_MS
  while (existsSync(directory) && Date.now() < deadline) await delay(LEAVE_POLL_MS)
}

function layerOf({ layer }: SourceSpec, { root, temporary }: LauncherOptions): HostSpec['layer'] {
  if (layer.kind === 'pty') return { kind: 'pty', argv: layer.argv }
  const server = tmuxServerPath(root, temporary)
  if (layer.own) return { kind: 'tmux', session: layer.session, own: true, server, argv: layer.argv }
  return { kind: 'tmux', session: layer.session, own: false, server: null, argv: [] }
}

/** Starts a holder and waits until its program runs. */
async function launch(options: LauncherOptions, spec: HostSpec): Promise<void> {
  const [program = '', ...args] = [...options.scope, ...options.command]
  // A session of its own: no signal of this process's terminal reaches it.
  const child = options.spawn(program, args, { detached: true, stdio: ['pipe', 'pipe', 'ignore'], env: options.env })
  const answer = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(notStarted('did not answer in time')), READY_MS)
    let text = ''
    const finish = (error?: PilotError) => {
      clearTimeout(timer)
      if (error) reject(error)
      else resolve(text)
    }
    child.once('error', () => finish(notStarted('could not be started')))
    child.once('exit', () => finish(text === '' ? notStarted('ended at once') : undefined))
    child.stdin?.on('error', () => {})
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      if (text.includes('\n') || text.length > 4_096) finish()
    })
  })
  child.stdin?.end(`${JSON.stringify(spec)}\n`)
  try {
    const parsed = HostAnswerSchema.safeParse(parseJson(await answer))
    if (!parsed.success) throw notStarted('gave no usable answer')
    if (!parsed.data.ready) throw new PilotError(parsed.data.code, parsed.data.message)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    child.stdout?.destroy()
    child.unref()
  }
}

/** The terminal of one directory: living, or what is left of it. Null for what is none. */
async function adoptOne(options: LauncherOptions, entry: string): Promise<TerminalSource | null> {
  const id = TerminalIdSchema.safeParse(entry)
  if (!id.success) return null
  const record = await readRecord(options.root, id.data)
  if (!record) {
    // The holder died before it wrote who it is: nothing ran yet.
    await rm(join(options.root, entry), { recursive: true, force: true })
    return null
  }
  if (processStart(record.pid) === record.started) {
    const source = await connectHost({ path: record.socket, terminalId: id.data, role: 'daemon' }).catch(() => null)
    if (source) return source
  } else if (record.launch.kind === 'tmux' && record.status.state === 'running') {
    const source = await resumeSession(options, id.data, record.launch, record.status)
    if (source) return source
  }
  return await EndedSource.read(options, id.data, record)
}

/** A session of tmux outlives its holder: it gets a new one, whose byte count starts anew. Null when it is gone, too. */
async function resumeSession(
  options: LauncherOptions,
  terminalId: TerminalId,
  { cwd, session, own, server }: Extract<ReadRecord['launch'], { kind: 'tmux' }>,
  { cols, rows }: ReadRecord['status'],
): Promise<TerminalSource | null> {
  const { root, temporary } = options
  const env = { PATH: options.env.PATH ?? '', HOME: options.env.HOME ?? '' }
  const layer = { kind: 'tmux' as const, session, own, server, argv: [] }
  try {
    await reviveSocket(options, server)
    await launch(options, { ...{ terminal_id: terminalId, root, temporary, cwd, env, cols, rows }, layer })
    const { socket } = hostPaths(root, terminalId, temporary)
    return await connectHost({ path: socket, terminalId, role: 'daemon' })
  } catch {
    return null
  }
}

/**
 * Our server of tmux whose socket somebody deleted (a cleaner of temporary files does that) makes it anew when it is
 * told to. Otherwise its sessions would be out of reach, and the next one would get a second server.
 */
async function reviveSocket({ root }: LauncherOptions, server: string | null): Promise<void> {
  if (server === null || existsSync(server)) return
  for (const entry of await readdir(root).catch(() => [])) {
    const id = TerminalIdSchema.safeParse(entry)
    const found = id.success ? await readRecord(root, id.data) : null
    if (found?.launch.kind !== 'tmux' || found.launch.server !== server || !found.launch.keeper) continue
    const { pid, started } = found.launch.keeper
    if (processStart(pid) !== started) continue
    process.kill(pid, 'SIGUSR1')
    const deadline = performance.now() + REVIVE_MS
    while (!existsSync(server) && performance.now() < deadline) await delay(REVIVE_POLL_MS)
    return
  }
}

/** Reads who holds a terminal; null when there is no such record. */
export async function readRecord(root: string, terminalId: TerminalId): Promise<ReadRecord | null> {
  const text = await readFile(join(root, terminalId, 'host.json'), 'utf8').catch(() => '')
  const parsed = HostRecordSchema.safeParse(parseJson(text))
  return parsed.success ? parsed.data : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const notStarted = (what: string) =>
  new PilotError('RUNTIME_ERROR', `The process that holds the terminal ${what}. Try again.`)
