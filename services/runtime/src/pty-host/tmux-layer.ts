import type { Layer, LayerEvents } from '@pilot/backend/terminal/host/layer'
import { foregroundGroup, sessionProcesses } from '@pilot/backend/terminal/host/process-start'
import {
  attachArguments,
  captureCommand,
  inputCommands,
  isSupported,
  layoutSize,
  newSessionArguments,
  type PaneFields,
  paneQuery,
  parsePane,
  pictureOf,
  serverArguments,
} from '@pilot/backend/terminal/host/tmux/commands'
import { ControlMode } from '@pilot/backend/terminal/host/tmux/control-mode'
import { exitStatus, KEEPER, recordingExit } from '@pilot/backend/terminal/host/tmux/exit-file'
import { endSession } from './end-session.ts'
import { nodeFs, readText } from './files.ts'
import { LaunchError } from './launch-error.ts'
import { unlink } from './libc.ts'
import { Pump } from './pump.ts'

export interface TmuxOptions {
  session: string
  /** Socket of our own server; null for the user's. */
  server: string | null
  /** True for a session of ours, which ends with its terminal; the user's own is only left. */
  own: boolean
  /** Started when there is no such session yet; empty when there has to be one. */
  argv: string[]
  cwd: string
  env: Record<string, string>
  cols: number
  rows: number
  /** Where the program's exit status is written. */
  exitFile: string
}

type Answer = (lines: string[], failed: boolean) => void

/**
 * A terminal that lives as a session of tmux, followed by its control mode: it survives even the process that holds it.
 * Rejects with LaunchError when tmux is missing or too old, or there is no such session.
 */
export async function startTmux(options: TmuxOptions, events: LayerEvents): Promise<Layer> {
  await checkTmux(options.env)
  const target = `=${options.session}:`
  await ensureSession(options)
  const client = Bun.spawn(['tmux', ...serverArguments(options.server), ...attachArguments(target)], {
    env: options.env,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const answers: Answer[] = []
  let pane: PaneFields | null = null
  let size = { cols: options.cols, rows: options.rows }
  let ended = false
  let reason: string | null = null

  const command = (line: string, answer: Answer = () => {}) => {
    if (ended) {
      answer([], true)
      return
    }
    answers.push(answer)
    try {
      client.stdin.write(`${line}\n`)
      // What cannot be delivered is answered when the end of the client is read.
      Promise.resolve(client.stdin.flush()).catch(() => {})
    } catch {
      // The same.
    }
  }
  const ask = (line: string) =>
    new Promise<string[] | null>((resolve) => command(line, (lines, failed) => resolve(failed ? null : lines)))

  /**
   * Draws the active pane anew: at the start, and when another pane became active. State and cells are asked for in one
   * go, so that no output lies between; what follows their answer is not in the picture.
   */
  function draw(): Promise<void> {
    return new Promise((resolve) => {
      let found: PaneFields | null = null
      command(paneQuery(target), ([line]) => {
        found = parsePane(line)
      })
      command(captureCommand(target), (captured) => {
        if (found) {
          pane = found
          sized(Number(found.pane_width), Number(found.pane_height))
          events.onData(new TextEncoder().encode(pictureOf(found, captured)))
        }
        resolve()
      })
    })
  }

  function sized(cols: number, rows: number): void {
    if (cols === size.cols && rows === size.rows) return
    size = { cols, rows }
    events.onResized(cols, rows)
  }

  const control = new ControlMode({
    onOutput(from, bytes) {
      if (from === pane?.pane_id) events.onData(bytes)
    },
    onAnswer: (lines, failed) => answers.shift()?.(lines, failed),
    onNotification(name, args) {
      if (name === '%layout-change') {
        const changed = layoutSize(args[1])
        if (changed) sized(changed.cols, changed.rows)
      } else if (name === '%window-pane-changed' || name === '%session-window-changed') {
        draw().catch(() => {})
      } else if (name === '%exit') reason = args.length > 0 ? `tmux: ${args.join(' ')}`.slice(0, 200) : null
    },
  })

  /** By force: asked to end, a client waits for its server's leave, and a server that ends waits for its clients. */
  const leave = () => client.kill('SIGKILL')

  // While it is not read, tmux fills its own small buffer and then reads the pane no more.
  const pump = new Pump()
  async function readAll(): Promise<void> {
    await pump.run(client.stdout, (chunk) => control.push(chunk))
    leave()
    ended = true
    for (const answer of answers.splice(0)) answer([], true)
    events.onExit({ exitCode: options.own ? readStatus(options.exitFile) : null, reason })
  }
  readAll().catch(() => events.onExit({ exitCode: null, reason: 'The connection to tmux broke.' }))

  command(`refresh-client -C ${options.cols}x${options.rows}`)
  await draw()
  const keeperPid = Number((await ask('display-message -p "#{pid}"'))?.[0]) || undefined
  const first = pane as PaneFields | null
  if (!first) throw new LaunchError('This tmux session could not be opened.')

  const leader = Number(first.pane_pid) || null
  let program: number | null = null
  return {
    get programPid() {
      program ??= leader !== null && options.own ? startedBy(leader) : leader
      return program ?? leader
    },
    keeperPid,
    answers: true,
    write(bytes) {
      const target = pane?.pane_id
      if (ended || !target) return
      const commands = inputCommands(target, bytes)
      commands.forEach((line, index) => {
        command(line, (_lines, failed) => {
          if (failed || index < commands.length - 1) return
          events.onWritten()
        })
      })
    },
    resize(cols, rows) {
      size = { cols, rows }
      command(`refresh-client -C ${cols}x${rows}`)
    },
    pause: () => pump.hold(),
    resume: () => pump.release(),
    async foreground() {
      const line = (await ask(`display-message -p -t ${target} "#{pane_pid} #{pane_current_command}"`))?.[0] ?? ''
      const [, pid, name = ''] = /^(\d+) (.*)$/.exec(line) ?? []
      return (options.own && name === KEEPER ? behindKeeper(Number(pid)) : name).slice(0, 64)
    },
    async end(force, graceMs) {
      if (!options.own) {
        command('detach-client')
        return true
      }
      const panes = (await ask(`list-panes -s -t ${target} -F "#{pane_pid}"`)) ?? []
      const gone = await Promise.all(
        panes
          .map(Number)
          .filter(Boolean)
          .map((pid) => endSession(pid, force, graceMs)),
      )
      if (gone.every(Boolean)) command(`kill-session -t ${target}`)
      return gone.every(Boolean)
    },
    close() {
      ended = true
      pump.release()
      leave()
    },
  }
}

async function checkTmux(env: Record<string, string>): Promise<void> {
  const version = await run(['tmux', '-V'], env).catch(() => null)
  if (version === null) throw new LaunchError('tmux is not installed on this machine. Install tmux 3.2 or newer.')
  if (!isSupported(version.output))
    throw new LaunchError(`${version.output.trim()} is too old. Install tmux 3.2 or newer.`)
}

async function ensureSession(options: TmuxOptions): Promise<void> {
  const server = serverArguments(options.server)
  const found = await run(['tmux', ...server, 'has-session', '-t', `=${options.session}`], options.env)
  if (found.code === 0) return
  if (options.argv.length === 0) throw new LaunchError('There is no such tmux session any more.')
  if (options.server !== null) nodeFs().mkdirSync(directoryOf(options.server), { recursive: true, mode: 0o700 })
  unlink(options.exitFile)
  const argv = recordingExit(options.exitFile, options.argv)
  const made = await run(['tmux', ...server, ...newSessionArguments({ ...options, argv })], options.env)
  if (made.code === 0) return
  // Its word for no terminal and no process left, whatever the system calls that: nothing was asked for wrongly.
  if (/fork failed/i.test(made.error)) throw new Error('tmux could not start a process')
  throw new LaunchError(`tmux could not start the session: ${made.error.trim().slice(0, 200)}`)
}

/** Null when the session was ended in another way than with its program. */
function readStatus(file: string): number | null {
  try {
    return exitStatus(readText(file))
  } catch {
    return null
  }
}

/** The process that the shell of a pane has started; null before it has. A session of before has no such shell. */
function startedBy(leader: number): number | null {
  const processes = sessionProcesses(leader)
  if (processes.find(({ pid }) => pid === leader)?.name !== KEEPER) return leader
  return processes.find(({ pid }) => pid !== leader)?.pid ?? null
}

/** The program that the shell of a pane has started, while it is in the foreground together with that shell. */
function behindKeeper(pid: number): string {
  const group = foregroundGroup(pid, readText)
  if (group !== null && group !== pid) return KEEPER
  return sessionProcesses(pid).find((process) => process.pid !== pid)?.name ?? KEEPER
}

async function run(command: string[], env: Record<string, string>) {
  const child = Bun.spawn(command, { env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [output, error] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, output, error }
}

const directoryOf = (path: string) => path.slice(0, path.lastIndexOf('/'))
