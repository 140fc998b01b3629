import { HostCore } from '@pilot/backend/terminal/host/host-core'
import type { Layer } from '@pilot/backend/terminal/host/layer'
import { PROTOCOL_VERSION } from '@pilot/backend/terminal/host/limits'
import { hostPaths } from '@pilot/backend/terminal/host/paths'
import type { Checkpoint } from '@pilot/backend/terminal/host/pictures'
import { processStart } from '@pilot/backend/terminal/host/process-start'
import type { HostAnswer, HostRecord, HostSpec } from '@pilot/backend/terminal/host/record'
import { systemClock } from '@pilot/protocol/link/clock'
import { startPty } from './bun-pty.ts'
import { isDirectory, nodeFs, readText, replaceFile, writeAll } from './files.ts'
import { LaunchError } from './launch-error.ts'
import { close, dup2, exists, OPEN, open, unlink } from './libc.ts'
import { readSpec } from './read-spec.ts'
import { listen } from './socket-server.ts'
import { startTmux } from './tmux-layer.ts'

/** Title and process change often; the copy on disk follows within this time. */
const RECORD_MS = 1_000
/** An ended terminal that nobody reads is given up after this long; its record stays. */
const UNREAD_MS = 24 * 60 * 60 * 1000
/** Descriptors that a terminal needs beside its own: some clients, a file, the far side for a moment. */
const DESCRIPTORS = 6
/** What a signal leaves the program to end by itself. */
const TERM_GRACE_MS = 3_000

/** Holds one terminal until its program has ended and been read. Resolves with the exit code of this process. */
export async function runPtyHost(): Promise<number> {
  const spec = readSpec()
  if (!spec) {
    process.stderr.write('This command is started by Pilot itself; what to run comes on stdin.\n')
    return 2
  }
  return await new Promise<number>((resolve) => {
    hold(spec, resolve).catch((error: unknown) => {
      answer(failureOf(error, spec))
      resolve(1)
    })
  })
}

async function hold(spec: HostSpec, exit: (code: number) => void): Promise<void> {
  const paths = hostPaths(spec.root, spec.terminal_id, spec.temporary)
  const former = exists(paths.record)
  let recordTimer: ReturnType<typeof setTimeout> | null = null
  let unreadTimer: ReturnType<typeof setTimeout> | null = null
  let layer: Layer | null = null

  const core = new HostCore({
    terminalId: spec.terminal_id,
    epoch: Bun.randomUUIDv7('base64url'),
    hostPid: process.pid,
    cols: spec.cols,
    rows: spec.rows,
    clock: systemClock,
    onStatus: (status) => {
      if (status.state !== 'running') return ended()
      recordTimer ??= setTimeout(writeRecord, RECORD_MS)
    },
    onCheckpoint: (checkpoint) => writeCheckpoint(paths.checkpoint, checkpoint),
    onDismissed: () => {
      leave()
      nodeFs().rmSync(paths.directory, { recursive: true, force: true })
      exit(0)
    },
  })
  const createdAt = new Date().toISOString()
  const started = processStart(process.pid, readText) ?? ''

  function writeRecord(): void {
    if (recordTimer) clearTimeout(recordTimer)
    recordTimer = null
    const record: HostRecord = {
      version: 1,
      terminal_id: spec.terminal_id,
      pid: process.pid,
      started,
      socket: paths.socket,
      protocol: PROTOCOL_VERSION,
      created_at: createdAt,
      launch: launchOf(spec, layer),
      status: core.status,
    }
    replaceFile(paths.record, Buffer.from(JSON.stringify(record)))
  }

  function ended(): void {
    writeRecord()
    layer?.close()
    watchUnread()
  }

  function watchUnread(): void {
    if (unreadTimer) clearTimeout(unreadTimer)
    unreadTimer = null
    if (core.status.state === 'running' || core.connections > 0) return
    unreadTimer = setTimeout(() => {
      leave()
      exit(0)
    }, UNREAD_MS)
  }

  function leave(): void {
    if (recordTimer) clearTimeout(recordTimer)
    if (unreadTimer) clearTimeout(unreadTimer)
    core.dispose()
    server.close()
    unlink(paths.socket)
    if (paths.socketDirectory) nodeFs().rmSync(paths.socketDirectory, { recursive: true, force: true })
  }

  const server = listen(paths, core, watchUnread)
  try {
    layer = await startLayer(spec, paths.exit, core)
    reserveDescriptors()
    detachInput()
  } catch (error) {
    await layer?.end(true, 0)
    leave()
    // What an earlier holder left tells how its terminal ended.
    if (!former) nodeFs().rmSync(paths.directory, { recursive: true, force: true })
    throw error
  }
  core.start(layer)
  writeRecord()
  answer({ ready: true })
  detachOutput()

  process.on('SIGHUP', () => {})
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {
    // A session of tmux outlives the process that shows it.
    if (spec.layer.kind === 'tmux') {
      layer?.close()
      exit(0)
    }
    layer?.end(true, TERM_GRACE_MS).then(
      () => exit(0),
      () => exit(1),
    )
  })
}

async function startLayer(spec: HostSpec, exitFile: string, core: HostCore): Promise<Layer> {
  const { layer, cwd, cols, rows } = spec
  if (!isDirectory(cwd)) throw new LaunchError('The directory does not exist.')
  const env = { ...spec.env, TERM: 'xterm-256color', PILOT_TERMINAL_ID: spec.terminal_id }
  if (layer.kind === 'tmux') return await startTmux({ ...layer, cwd, env, cols, rows, exitFile }, core)
  const [program = '', ...args] = layer.argv
  return startPty({ argv: [program, ...args], cwd, env, cols, rows }, core)
}

function failureOf(error: unknown, spec: HostSpec): HostAnswer {
  if (error instanceof LaunchError) return { ready: false, code: 'VALIDATION_FAILED', message: error.message }
  const code = error instanceof Error && 'code' in error ? error.code : null
  const program = spec.layer.argv[0]?.split('/').at(-1) ?? ''
  if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOEXEC') {
    const message = `${program} is not installed on this machine, or may not be run.`
    return { ready: false, code: 'VALIDATION_FAILED', message }
  }
  const message = 'The machine has no terminal or no process left. Close some terminals and try again.'
  return { ready: false, code: 'RUNTIME_ERROR', message }
}

function answer(line: HostAnswer): void {
  try {
    writeAll(1, Buffer.from(`${JSON.stringify(line)}\n`))
  } catch {
    // The launcher is gone; the terminal is found by its record.
  }
}

/** Throws when there are not enough descriptors left for clients, records and flow control. */
function reserveDescriptors(): void {
  const opened: number[] = []
  try {
    while (opened.length < DESCRIPTORS) opened.push(open('/dev/null', OPEN.read))
  } finally {
    for (const descriptor of opened) close(descriptor)
  }
}

/** From here on this process has nobody to read from. */
function detachInput(): void {
  const nothing = open('/dev/null', OPEN.both)
  dup2(nothing, 0)
  close(nothing)
}

/** Nor to write to: the launcher has its answer. */
function detachOutput(): void {
  for (const descriptor of [1, 2]) dup2(0, descriptor)
}

function launchOf({ layer, cwd }: HostSpec, running: Layer | null): HostRecord['launch'] {
  if (layer.kind === 'pty') return { kind: 'pty', cwd, argv: layer.argv }
  const { session, own, server } = layer
  const pid = running?.keeperPid
  const keeper = pid === undefined ? undefined : { pid, started: processStart(pid, readText) ?? '' }
  return { kind: 'tmux', cwd, session, own, server, keeper }
}

function writeCheckpoint(path: string, { snapshot, ...head }: Checkpoint): void {
  replaceFile(path, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), snapshot]))
}
