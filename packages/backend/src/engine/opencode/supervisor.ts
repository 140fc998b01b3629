import { stat, truncate } from 'node:fs/promises'
import { PilotError } from '@pilot/domain/errors'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import type { GitIdentity } from '../../git/identity.ts'
import type { EngineHealth } from '../engine.ts'
import { type EngineBinary, findBinary } from './binary.ts'
import type { Connection } from './client.ts'
import { historyBytes, pruneHistory } from './history.ts'
import { adoptOrClear, LaunchError, type Launched, launch, probeSeries, shutDown } from './launch.ts'
import { processesWithEnv, processorTime, processStart, residentBytes } from './process-info.ts'
import { type EngineModel, ROOT_MARKER, rootPaths } from './root.ts'

/**
 *            ensureStarted            listening line + health
 *     idle ----------------> starting ----------------------> ok
 *      ^                        |  ^                          |  |
 *      |            3 failures  |  | ensureStarted            |  | exit, wedged
 *      |  recycled, stopped     v  |                          |  v
 *      +---------------------- failed <------------------- restarting --(backoff)--> starting
 *                                       3 crashes in 60 s
 *
 * `missing` is `failed` for want of a program.
 */
export interface SupervisorOptions {
  /** Private directory of this engine: `…/instances/<instance_id>/engine`. */
  root: string
  model: EngineModel
  identity: GitIdentity
  /** Environment of the runtime; only a fixed list of it is passed on. */
  env: Record<string, string | undefined>
  /** Overrides the search for the program. */
  binary?: EngineBinary
  /** Opens a database of the engine; without it none is ever pruned. */
  openDatabase?: (file: string) => SqliteDatabase
  timing: SupervisorTiming
  /** Called when a process is ready, before anyone may use it. Throwing counts as a failed start. */
  onUp: (connection: Connection, how: 'started' | 'adopted') => Promise<void>
  /** Called when a process that was up is gone. */
  onDown: (message: string) => void
  /** True while something runs or waits in the engine. */
  isBusy: () => boolean
  /** Milliseconds since the engine was last used. */
  idleMs: () => number
  log: (message: string, cause?: unknown) => void
}

export interface SupervisorTiming {
  startTimeoutMs: number
  healthEveryMs: number
  probeTimeoutsMs: readonly number[]
  /** A process that answers no probe but works gets this long: on a loaded machine it may only be slow. */
  busySilenceMs: number
  /** Pause before start n after n crashes; the last one is used from then on. */
  backoffMs: readonly number[]
  /** An engine that was idle for so long … */
  recycleIdleMs: number
  /** … and holds more memory than this is ended; the next use starts a fresh one. */
  recycleAboveBytes: number
  /** The same for its database, which is pruned then. */
  pruneAboveBytes: number
}

export const DEFAULT_TIMING: SupervisorTiming = {
  startTimeoutMs: 60_000,
  healthEveryMs: 10_000,
  probeTimeoutsMs: [400, 1_000, 2_000, 2_000, 4_000],
  busySilenceMs: 60_000,
  backoffMs: [250, 1_000, 4_000],
  recycleIdleMs: 15 * 60_000,
  recycleAboveBytes: 700 * 1024 * 1024,
  pruneAboveBytes: 256 * 1024 * 1024,
}

const CRASH_WINDOW_MS = 60_000
const MAX_CRASHES = 3
const GIVEN_UP =
  'The coding agent stopped three times within a minute and is left alone for now. Send the prompt again to start it once more.'
const MAX_LOG_BYTES = 8 * 1024 * 1024

/** Keeps at most one engine process per root, and knows its state. */
export class Supervisor {
  readonly #options: SupervisorOptions
  #status: EngineHealth['status'] = 'idle'
  #detail: string | undefined
  #launched: Launched | null = null
  #starting: Promise<Connection> | null = null
  /** The end of a process that is under way: no other may start before, or it would be taken for a leftover. */
  #ending: Promise<void> = Promise.resolve()
  #crashes: number[] = []
  #timers = new Set<ReturnType<typeof setTimeout>>()
  #abort = new AbortController()
  #stopped = false
  #checking = false
  /** When the first of the probes was sent that nobody has answered since. */
  #silentSince: number | null = null

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  health(): EngineHealth {
    const version = this.#launched?.connection.version ?? null
    return { status: this.#status, version, ...(this.#detail === undefined ? {} : { detail: this.#detail }) }
  }

  /** The process that is up, or null. */
  connection(): Connection | null {
    return this.#status === 'ok' ? (this.#launched?.connection ?? null) : null
  }

  /** Throws PilotError AGENT_NOT_INSTALLED or AGENT_UNAVAILABLE. */
  async ensureStarted(): Promise<Connection> {
    if (this.#stopped) throw new PilotError('AGENT_UNAVAILABLE', 'This machine is shutting down.')
    const up = this.connection()
    if (up) return up
    // Whoever asks again after three crashes gets three more attempts.
    if (this.#status === 'failed' || this.#status === 'missing') this.#crashes = []
    return await this.#start('full')
  }

  /** Takes over the process of a previous runtime if there is a healthy one; starts nothing. */
  async adopt(): Promise<boolean> {
    if (this.connection()) return true
    try {
      await this.#start('adopt')
      return true
    } catch (cause) {
      if (cause instanceof NothingToAdopt) return false
      throw cause
    }
  }

  /** Looks at once whether the process still lives, because something about it looked dead. */
  async check(): Promise<void> {
    const launched = this.#launched
    if (this.#status !== 'ok' || !launched) return
    if ((await processStart(launched.connection.pid)) !== launched.started) this.#lost(launched, 'It ended.')
  }

  /** Ends the process, or leaves it to the next runtime with `keep`. Nothing starts any more afterwards. */
  async stop(options: { keep: boolean }): Promise<void> {
    this.#stopped = true
    this.#abort.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    await this.#starting?.catch(() => undefined)
    const launched = this.#launched
    this.#launched = null
    this.#status = 'idle'
    if (launched && !options.keep) this.#end(launched, true)
    await this.#ending
  }

  #start(mode: 'full' | 'adopt'): Promise<Connection> {
    if (this.#starting) {
      // A start that only wanted to adopt may end with nothing: whoever needs a process then starts one.
      return mode === 'adopt' ? this.#starting : this.#starting.catch((cause) => this.#retryAfterAdopt(cause))
    }
    this.#starting = this.#attempts(mode).finally(() => {
      this.#starting = null
    })
    return this.#starting
  }

  async #retryAfterAdopt(cause: unknown): Promise<Connection> {
    if (!(cause instanceof NothingToAdopt)) throw cause
    return await this.#start('full')
  }

  async #attempts(mode: 'full' | 'adopt'): Promise<Connection> {
    this.#set('starting')
    try {
      await this.#ending
      const adopted = await adoptOrClear(this.#launchOptions())
      if (adopted) return await this.#accept(adopted, 'adopted')
      if (mode === 'adopt') {
        this.#set('idle')
        throw new NothingToAdopt()
      }
      const binary = this.#options.binary ?? (await findBinary(this.#options.env))
      for (;;) {
        try {
          const launched = await launch({ ...this.#launchOptions(), binary }, this.#abort.signal)
          return await this.#accept(launched, 'started')
        } catch (cause) {
          await this.#startFailed(cause)
        }
      }
    } catch (cause) {
      if (cause instanceof NothingToAdopt) throw cause
      const error =
        cause instanceof PilotError ? cause : new PilotError('AGENT_UNAVAILABLE', undefined, undefined, { cause })
      this.#set(error.code === 'AGENT_NOT_INSTALLED' ? 'missing' : 'failed', error.message)
      throw error
    }
  }

  /** Pauses before the next attempt, or throws when there is none. */
  async #startFailed(cause: unknown): Promise<void> {
    this.#options.log('the coding agent did not start', cause)
    const kind = cause instanceof LaunchError ? cause.kind : 'unhealthy'
    const crashes = this.#countCrash()
    if (this.#stopped) throw new PilotError('AGENT_UNAVAILABLE', 'This machine is shutting down.')
    if (kind === 'hung') {
      throw new PilotError('AGENT_UNAVAILABLE', 'The coding agent hung at its start and was ended. Try again.')
    }
    if (crashes >= MAX_CRASHES) {
      throw new PilotError('AGENT_UNAVAILABLE', 'The coding agent ended three times in a row. Try again.')
    }
    await this.#pause(crashes)
  }

  async #accept(launched: Launched, how: 'started' | 'adopted'): Promise<Connection> {
    const { root, onUp } = this.#options
    launched.child?.once('exit', () => this.#lost(launched, 'It ended.'))
    this.#launched = launched
    this.#silentSince = null
    try {
      await onUp(launched.connection, how)
    } catch (cause) {
      this.#launched = null
      await shutDown(root, launched, false)
      throw cause
    }
    if (this.#launched !== launched) {
      await shutDown(root, launched, false)
      throw new LaunchError('exited', 'It ended while it was starting.')
    }
    this.#set('ok')
    this.#scheduleHealth()
    // An exit before the listener was set would otherwise be noticed by the next health check only.
    await this.check()
    return launched.connection
  }

  #lost(launched: Launched, reason: string): void {
    if (this.#launched !== launched) return
    this.#launched = null
    if (this.#status !== 'ok' || this.#stopped) return
    this.#options.log(`the coding agent is gone: ${reason}`)
    this.#end(launched, false)
    const crashes = this.#countCrash()
    if (crashes >= MAX_CRASHES) {
      this.#set('failed', GIVEN_UP)
      this.#options.onDown(GIVEN_UP)
      return
    }
    this.#set('restarting')
    this.#options.onDown('The coding agent stopped unexpectedly and is started again.')
    this.#after(this.#backoff(crashes), () => {
      if (this.#status === 'restarting') {
        this.#start('full').catch((cause) => this.#options.log('the coding agent could not be restarted', cause))
      }
    })
  }

  #scheduleHealth(): void {
    this.#after(this.#options.timing.healthEveryMs, () => {
      this.#checkHealth()
        .catch((cause) => this.#options.log('health check failed', cause))
        .finally(() => {
          if (this.#status === 'ok' && !this.#stopped) this.#scheduleHealth()
        })
    })
  }

  async #checkHealth(): Promise<void> {
    const launched = this.#launched
    if (!launched || this.#checking) return
    this.#checking = true
    try {
      await this.check()
      if (this.#launched !== launched) return
      const { pid } = launched.connection
      const worked = await processorTime(pid)
      const asked = Date.now()
      const health = await probeSeries(launched.connection, this.#options.timing.probeTimeoutsMs)
      const works = worked !== (await processorTime(pid))
      if (this.#launched !== launched || this.#stopped) return
      if (!health) {
        this.#silentSince ??= asked
        if (works && Date.now() - this.#silentSince < this.#options.timing.busySilenceMs) return
        this.#lost(launched, 'It no longer answers.')
        return
      }
      this.#silentSince = null
      await truncateIfLarge(rootPaths(this.#options.root).logFile)
      await this.#recycleIfIdle(launched)
    } finally {
      this.#checking = false
    }
  }

  async #recycleIfIdle(launched: Launched): Promise<void> {
    const { timing, root } = this.#options
    const idle = () => !this.#options.isBusy() && this.#options.idleMs() > timing.recycleIdleMs
    if (!idle()) return
    const memory = (await residentBytes(launched.connection.pid)) ?? 0
    const history = await historyBytes(root)
    if (memory < timing.recycleAboveBytes && history < timing.pruneAboveBytes) return
    // A program that the agent left running on purpose would die with it.
    const marked = await processesWithEnv(ROOT_MARKER, root)
    if (marked.some((pid) => pid !== launched.connection.pid)) return
    if (!idle() || this.#launched !== launched || this.#status !== 'ok') return
    this.#options.log('the idle coding agent is ended to free its memory')
    this.#launched = null
    this.#set('idle')
    this.#end(launched, true)
    this.#ending = this.#ending.then(() => this.#prune())
    await this.#ending
  }

  /** While no process runs; whoever starts one waits for it. */
  async #prune(): Promise<void> {
    const { root, openDatabase, log } = this.#options
    if (!openDatabase) return
    try {
      const { before, after } = await pruneHistory(root, openDatabase)
      if (after < before) log(`the database of the coding agent was pruned from ${before} to ${after} bytes`)
    } catch (cause) {
      log('the database of the coding agent could not be pruned', cause)
    }
  }

  #end(launched: Launched, graceful: boolean): void {
    this.#ending = this.#ending
      .then(() => shutDown(this.#options.root, launched, graceful))
      .catch((cause) => this.#options.log('the coding agent could not be ended cleanly', cause))
  }

  #launchOptions() {
    const { root, model, identity, env, timing } = this.#options
    return {
      root,
      model,
      identity,
      env,
      startTimeoutMs: timing.startTimeoutMs,
      probeTimeoutsMs: timing.probeTimeoutsMs,
    }
  }

  #countCrash(): number {
    const now = Date.now()
    this.#crashes = [...this.#crashes.filter((at) => now - at < CRASH_WINDOW_MS), now]
    return this.#crashes.length
  }

  #backoff(crashes: number): number {
    const { backoffMs } = this.#options.timing
    return backoffMs[Math.min(crashes, backoffMs.length) - 1] ?? 0
  }

  #pause(crashes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#after(this.#backoff(crashes), resolve)
      this.#abort.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms)
    this.#timers.add(timer)
  }

  #set(status: EngineHealth['status'], detail?: string): void {
    this.#status = status
    this.#detail = detail
  }
}

class NothingToAdopt extends Error {}

async function truncateIfLarge(file: string): Promise<void> {
  const info = await stat(file).catch(() => null)
  if (info && info.size > MAX_LOG_BYTES) await truncate(file, 0)
}
