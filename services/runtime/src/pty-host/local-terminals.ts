import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { connectHost } from '@pilot/backend/terminal/host/host-source'
import { readRecord } from '@pilot/backend/terminal/host/launcher'
import { terminalsRoot } from '@pilot/backend/terminal/host/paths'
import { processStart } from '@pilot/backend/terminal/host/process-start'
import { tmuxServerPath } from '@pilot/backend/terminal/host/tmux/commands'
import { type TerminalId, TerminalIdSchema } from '@pilot/domain/entities/terminal'
import { socketDirectory } from './local-launcher.ts'

/** One terminal of this computer, as its record tells. */
export interface LocalTerminal {
  terminalId: TerminalId
  /** `lost`: the process that held it was killed. */
  state: 'running' | 'ended' | 'error' | 'lost'
  title: string
  /** Program in the foreground. */
  program: string
  hostPid: number
  /** The process that holds it is there; it outlives an ended program whose output nobody has read. */
  held: boolean
  cwd: string
  socket: string
}

const END_GRACE_MS = 3_000
const POLL_MS = 20

/** Every terminal below this PILOT_HOME, oldest first. */
export async function localTerminals(home: string): Promise<LocalTerminal[]> {
  const root = terminalsRoot(home)
  const entries = await readdir(root).catch(() => [])
  const found = await Promise.all(
    entries.sort().map(async (entry): Promise<LocalTerminal | null> => {
      const id = TerminalIdSchema.safeParse(entry)
      const record = id.success ? await readRecord(root, id.data) : null
      if (!record || !id.success) return null
      const isHeld = processStart(record.pid) === record.started
      const { state, title, process: program } = record.status
      return {
        terminalId: id.data,
        state: isHeld || state !== 'running' ? state : 'lost',
        title,
        program: program || commandOf(record.launch),
        hostPid: record.pid,
        held: isHeld,
        cwd: record.launch.cwd,
        socket: record.socket,
      }
    }),
  )
  return found.filter((terminal) => terminal !== null)
}

/** Those whose program still runs. */
export const runningTerminals = async (home: string) =>
  (await localTerminals(home)).filter(({ state }) => state === 'running')

/**
 * Ends every terminal and what runs in it: a hang-up first, then a kill. The processes that hold them go, too, those of
 * ended terminals that nobody has read included. Returns those that could not be ended.
 */
export async function endTerminals(home: string): Promise<LocalTerminal[]> {
  const all = await localTerminals(home)
  const gone = await Promise.all(all.map((terminal) => endOne(terminal).catch(() => terminal.state !== 'running')))
  await endTmuxServer(home)
  return all.filter((_, index) => !gone[index])
}

/** Ends our own tmux server, with the sessions that no process of ours follows. */
async function endTmuxServer(home: string): Promise<void> {
  const server = tmuxServerPath(terminalsRoot(home), socketDirectory())
  if (!existsSync(server)) return
  const tmux = (...args: string[]) =>
    spawnSync('tmux', ['-S', server, ...args], { encoding: 'utf8', timeout: END_GRACE_MS }).stdout
  const pid = Number(tmux('display-message', '-p', '#{pid}'))
  tmux('kill-server')
  if (!pid) return
  // It waits for its clients, whatever they do.
  if (!(await isGone(pid))) process.kill(pid, 'SIGKILL')
}

async function endOne({ terminalId, socket, state, hostPid }: LocalTerminal): Promise<boolean> {
  if (state === 'running') {
    const source = await connectHost({ path: socket, terminalId, role: 'attach' })
    const ended = await source.end({ force: true, graceMs: END_GRACE_MS })
    source.release()
    if (!ended) return false
  }
  process.kill(hostPid, 'SIGTERM')
  return await isGone(hostPid)
}

/** Waits until the process has ended. False when it has not within the grace. */
async function isGone(pid: number): Promise<boolean> {
  const started = processStart(pid)
  const deadline = performance.now() + END_GRACE_MS
  while (started !== null && processStart(pid) === started) {
    if (performance.now() > deadline) return false
    await Bun.sleep(POLL_MS)
  }
  return true
}

function commandOf(launch: { kind: 'pty'; argv: string[] } | { kind: 'tmux'; session: string }): string {
  return launch.kind === 'tmux' ? `tmux ${launch.session}` : (launch.argv[0]?.split('/').at(-1) ?? '')
}
