import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { PilotError } from '@pilot/domain/errors'
import type { GitIdentity } from '../../git/identity.ts'
import type { EngineBinary } from './binary.ts'
import { type Connection, call, probe } from './client.ts'
import { bootId, processesWithEnv, processStart, signal } from './process-info.ts'
import { type EngineRecord, readEngineRecord, removeEngineRecord, writeEngineRecord } from './record.ts'
import { type EngineModel, engineEnv, prepareRoot, ROOT_MARKER, rootPaths } from './root.ts'

/** Start and end of one engine process; the supervisor decides when. */

export interface LaunchOptions {
  root: string
  binary: EngineBinary
  model: EngineModel
  /** Whom the agent's commits are by. */
  identity: GitIdentity
  env: Record<string, string | undefined>
  /** Milliseconds until the process must listen. */
  startTimeoutMs: number
  /** Timeouts of the health probes that are made one after the other. */
  probeTimeoutsMs: readonly number[]
}

/** Why a start failed: `exited` may be worth another try at once, `hung` has cost a minute already. */
export class LaunchError extends Error {
  readonly kind: 'exited' | 'hung' | 'unhealthy'
  constructor(kind: 'exited' | 'hung' | 'unhealthy', message: string) {
    super(message)
    this.name = 'LaunchError'
    this.kind = kind
  }
}

export interface Launched {
  connection: Connection
  /** Identity of the process for later checks. */
  started: string
  /** Null when the process was taken over and is no child of this runtime. */
  child: ChildProcess | null
}

const POLL_MS = 40
const TERM_GRACE_MS = 4_000
const KILL_GRACE_MS = 3_000

/** Starts a process. The caller has made sure that no other one uses this root. Throws LaunchError. */
export async function launch(options: LaunchOptions, abort: AbortSignal): Promise<Launched> {
  const { root, binary, model, identity } = options
  await prepareRoot(root, model, identity)
  const password = randomBytes(24).toString('hex')
  const { logFile } = rootPaths(root)
  const log = openSync(logFile, 'w', 0o600)
  let child: ChildProcess
  try {
    const port = String(await freePort())
    child = spawn(binary.path, ['serve', '--hostname', '127.0.0.1', '--port', port], {
      cwd: root,
      env: engineEnv(root, password, options.env),
      stdio: ['ignore', log, log],
      // Its own group: it outlives this runtime, and Ctrl-C in the terminal does not reach it.
      detached: true,
    })
  } finally {
    closeSync(log)
  }
  const exit = watchExit(child)
  child.unref()
  const { pid } = child
  if (pid === undefined) throw new LaunchError('exited', 'The program could not be started.')
  const started = await processStart(pid)
  if (started === null) throw new LaunchError('exited', await exitReason(logFile))
  const record: EngineRecord = {
    pid,
    started,
    boot_id: await bootId(),
    port: null,
    password,
    version: binary.version,
    model_url: model.url,
    model_token: model.token,
  }
  try {
    await writeEngineRecord(root, record)
    const port = await listeningPort(logFile, exit, options.startTimeoutMs, abort)
    const connection: Connection = { pid, port, password, version: binary.version }
    const health = await probeSeries(connection, options.probeTimeoutsMs)
    if (!health) throw new LaunchError('unhealthy', 'It listens but does not answer.')
    await writeEngineRecord(root, { ...record, port })
    return { connection: { ...connection, version: health.version }, started, child }
  } catch (cause) {
    await endProcess(pid, started, true)
    await killLeftovers(root)
    await removeEngineRecord(root)
    throw cause
  }
}

/** Where OpenCode listens by itself, and where port 0 would lead it first. */
const NEVER_PORT = 4096

/**
 * A port that is free now. One of ours never takes the well-known port of the OpenCode that a person starts by hand.
 * Whoever takes the port before OpenCode does makes the start fail, and the next attempt has another one.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer()
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        server.close(() => resolve(typeof address === 'object' && address ? address.port : NEVER_PORT))
      })
    })
    if (port !== NEVER_PORT) return port
  }
}

/** Tells whether a child has exited, also when asked later. */
function watchExit(child: ChildProcess): { exited: boolean } {
  const state = { exited: false }
  child.once('exit', () => {
    state.exited = true
  })
  child.once('error', () => {
    state.exited = true
  })
  return state
}

/** Waits for the line that names the port: for a moment before it, connections are accepted and never answered. */
async function listeningPort(
  logFile: string,
  exit: { exited: boolean },
  timeoutMs: number,
  abort: AbortSignal,
): Promise<number> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const text = await readFile(logFile, 'utf8').catch(() => '')
    const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1]
    if (port) return Number(port)
    if (exit.exited) throw new LaunchError('exited', await exitReason(logFile))
    if (abort.aborted) throw new LaunchError('exited', 'The start was cancelled.')
    if (Date.now() > deadline) throw new LaunchError('hung', 'It did not begin to listen in time.')
    await delay(POLL_MS)
  }
}

/** The last line that the program printed, for the operator. */
async function exitReason(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  const line = text.trim().split('\n').at(-1)?.slice(0, 300)
  return line ? `It ended at once: ${line}` : 'It ended at once.'
}

/** Probes with growing patience. Null when none is answered. */
export async function probeSeries(
  connection: Connection,
  timeoutsMs: readonly number[],
): Promise<{ version: string } | null> {
  for (const timeout of timeoutsMs) {
    const began = Date.now()
    const health = await probe(connection, timeout)
    if (health) return health
    // A refused connection fails at once: leave it a moment before the next probe.
    await delay(Math.min(100, Math.max(0, timeout - (Date.now() - began))))
  }
  return null
}

/**
 * Takes over the process that the record names when it is really that one, was configured for the same model endpoint
 * and answers to its password. Otherwise makes sure that no process uses this root any more, and gives null.
 */
export async function adoptOrClear(options: Omit<LaunchOptions, 'binary'>): Promise<Launched | null> {
  const { root, model } = options
  const record = await readEngineRecord(root)
  const ours = record !== null && (await isRecorded(record))
  if (record && ours && record.port !== null) {
    const connection = { pid: record.pid, port: record.port, password: record.password, version: record.version }
    const sameModel = record.model_url === model.url && record.model_token === model.token
    const health = sameModel ? await probeSeries(connection, options.probeTimeoutsMs) : null
    if (health) return { connection: { ...connection, version: health.version }, started: record.started, child: null }
    await disposeAll(connection)
  }
  if (record && ours) await endProcess(record.pid, record.started, false)
  await killLeftovers(root)
  await removeEngineRecord(root)
  return null
}

async function isRecorded(record: EngineRecord): Promise<boolean> {
  return record.boot_id === (await bootId()) && record.started === (await processStart(record.pid))
}

/** Ends the process and everything it started. `graceful` lets it stop its commands itself first. */
export async function shutDown(root: string, launched: Launched, graceful: boolean): Promise<void> {
  const { connection, started } = launched
  if (graceful) await disposeAll(connection)
  await endProcess(connection.pid, started, !graceful)
  await killLeftovers(root)
  await removeEngineRecord(root)
}

/** SIGTERM alone leaves the agent's commands running; disposing ends them. */
async function disposeAll(connection: Connection): Promise<void> {
  try {
    await call(connection, 'POST', '/global/dispose', { timeoutMs: 3_000 })
  } catch (cause) {
    if (!(cause instanceof PilotError)) throw cause
  }
}

async function endProcess(pid: number, started: string, atOnce: boolean): Promise<void> {
  if (!atOnce) {
    if ((await processStart(pid)) !== started) return
    signal(pid, 'SIGTERM')
    if (await isGone(pid, started, TERM_GRACE_MS)) return
  }
  if ((await processStart(pid)) !== started) return
  signal(pid, 'SIGKILL')
  await isGone(pid, started, KILL_GRACE_MS)
}

async function isGone(pid: number, started: string, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs
  while ((await processStart(pid)) === started) {
    if (Date.now() > deadline) return false
    await delay(POLL_MS)
  }
  return true
}

/** Ends whatever still carries this root's marker: commands of a dead engine, or an engine that no record names. */
export async function killLeftovers(root: string): Promise<void> {
  // A leftover may start another one while they are ended.
  for (let round = 0; round < 5; round++) {
    const pids = await processesWithEnv(ROOT_MARKER, root)
    if (pids.length === 0) return
    for (const pid of pids) signal(pid, 'SIGKILL')
    await delay(POLL_MS)
  }
}
