import { randomUUID } from 'node:crypto'
import { arch, cpus, platform, release, totalmem, uptime } from 'node:os'
import { resolve } from 'node:path'
import { RuntimeLink } from '@pilot/backend/link/runtime-link'
import { PilotError } from '@pilot/domain/errors'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import { CLOSE, replacedBy } from '@pilot/protocol/close-codes'
import { systemClock } from '@pilot/protocol/link/clock'
import type { LinkState } from '@pilot/protocol/link/link'
import type { LinkSocketFactory } from '@pilot/protocol/link/socket'
import { assertUser, createBackend } from './backend.ts'
import { commandHandlers } from './commands.ts'
import { lockDataDirectory } from './data-lock.ts'
import { controlEndpoint, enroll } from './enroll.ts'
import { createHealthReporter } from './health-report.ts'
import { type Identity, readIdentity, writeIdentity } from './identity.ts'
import type { Log } from './log.ts'
import { createModelSource, takeModelFromEnv } from './model-source.ts'
import { prepareRuntimeHome, runtimePaths } from './paths.ts'
import { createRefusalCheck } from './refusal-check.ts'
import type { TerminalPlatform } from './terminals.ts'
import { RUNTIME_VERSION } from './version.ts'

export interface DaemonOptions {
  /** PILOT_HOME; the daemon's own part is `runtime` in it. */
  home: string
  control: { url: string; enrollment_token?: string }
  /** Name of this machine. */
  label: string
  allowRoot: boolean
  log: Log
}

/** What differs between the program and its tests. */
export interface Platform {
  openDatabase: (file: string) => SqliteDatabase
  /** Dials link R; the headers hold the credential. */
  dial: (url: URL, headers: Record<string, string>) => LinkSocketFactory
  /** Changed: the model keys are taken out of it. */
  env: Record<string, string | undefined>
  uid: number | undefined
  /** What terminals of this home need; null where there are none. */
  terminals: (home: string) => TerminalPlatform | null
}

export interface Daemon {
  /** Resolves with the exit code once the daemon has ended by itself or was stopped. */
  exited: Promise<number>
  /** Ends everything, OpenCode included; with `keepEngine` that one is left for the next start. */
  stop(options?: { keepEngine?: boolean }): Promise<void>
}

const REPLACE_EVERY_MS = 5 * 60_000

/**
 * Starts the daemon of this machine: enrols it if needed, serves its workspaces and dials the control plane for as long
 * as it lives. Throws PilotError when it cannot start: FORBIDDEN (root), CONFLICT (another one runs on this data, or its
 * identity is damaged), UPGRADE_REQUIRED (the data is of a newer version), UNAUTHENTICATED (never enrolled),
 * LINK_EXPIRED (used token), RUNTIME_TIMEOUT.
 */
export async function startDaemon(options: DaemonOptions, system: Platform): Promise<Daemon> {
  const { log } = options
  assertUser(options.allowRoot || system.env.PILOT_ALLOW_ROOT === '1', system.uid)
  const home = resolve(options.home)
  const paths = runtimePaths(home)
  await prepareRuntimeHome(paths)
  const lock = await lockDataDirectory(paths.lock, system.openDatabase)
  const boot = randomUUID()
  try {
    const model = await createModelSource(paths.model, takeModelFromEnv(system.env))
    let identity = await identify(options, paths.identity, boot)
    const { label } = options
    const { openDatabase, env } = system
    const terminals = system.terminals(home)
    const backend = await createBackend({ home, paths, identity, label, model, openDatabase, env, terminals, log })
    const measure = createHealthReporter(paths.root)
    const exited = Promise.withResolvers<number>()

    let ending = false
    let shutdownTimer: ReturnType<typeof setTimeout> | undefined
    const shutDown = async (keepEngine: boolean) => {
      clearTimeout(shutdownTimer)
      refusal.stop()
      link.stop()
      await backend.stop({ keepEngine })
      await lock.release()
      exited.resolve(0)
    }
    let stopped: Promise<void> | undefined
    const stop = (keepEngine: boolean) => {
      ending = true
      stopped ??= shutDown(keepEngine)
      return stopped
    }
    /** Ends the daemon for a reason that trying again would not change. */
    const end = (message: string) => {
      if (ending) return
      log('warn', message)
      stop(false).catch((cause: unknown) => {
        log('error', 'the daemon could not be stopped cleanly', { cause })
        exited.resolve(1)
      })
    }

    // The token may have changed since the last connection.
    const dial = () =>
      system.dial(connectUrl(options.control.url, identity), {
        authorization: `Bearer ${identity.runtime_token}`,
        'x-pilot-boot-id': boot,
      })
    const link = new RuntimeLink({
      connect: (handlers) => dial()(handlers),
      clock: systemClock,
      random: Math.random,
      identity: {
        runtime_id: identity.runtime_id,
        boot_id: boot,
        version: RUNTIME_VERSION,
        os: platform(),
        arch: arch(),
      },
      describe: () => ({
        system: { cpus: cpus().length, ram: totalmem(), release: release() },
        capabilities: backend.capabilities(),
      }),
      held: () => backend.registry.held(),
      async onWelcome(welcome) {
        if (ending) return
        await model.update(welcome.model)
        backend.modelChanged()
        const mine = welcome.workspaces.filter((workspace) => workspace.instance_id === identity.instance_id)
        await backend.registry.applyWelcome(mine)
        backend.terminals?.workspacesServed(new Set(mine.map(({ workspace_id }) => workspace_id)))
        log('info', 'welcomed by the control plane', { workspaces: mine.length })
      },
      handler: (request, context) => backend.app.fetch(request, context),
      commands: commandHandlers({
        registry: backend.registry,
        terminals: backend.terminals,
        async rotateToken(token) {
          const next = { ...identity, runtime_token: token }
          await writeIdentity(paths.identity, next)
          identity = next
        },
        shutdown(reason) {
          // The answer has to leave first.
          shutdownTimer = setTimeout(() => end(`the control plane stops this runtime: ${reason}`), 100)
        },
      }),
      events: backend.service.events,
      terminals: backend.terminals ?? undefined,
      health: async () => ({ ...(await measure()), uptime_s: uptime() }),
      replaceEveryMs: REPLACE_EVERY_MS,
      log: (message, fields) => log('warn', message, fields),
    })
    const refusal = createRefusalCheck({
      url: connectUrl(options.control.url, identity),
      token: () => identity.runtime_token,
      onRefused: () => end(REVOKED),
    })
    link.subscribe((state) => {
      const reason = finalReason(state, boot)
      if (reason !== null) end(reason)
      else if (state.status === 'offline' && !ending) {
        log('info', 'not connected', { code: state.close_code, retry_in_ms: state.retry_in_ms })
        refusal.connectionLost()
      }
    })
    await backend.start()
    link.start()
    return { exited: exited.promise, stop: ({ keepEngine = false } = {}) => stop(keepEngine) }
  } catch (cause) {
    await lock.release()
    throw cause
  }
}

const REVOKED =
  'This machine is no longer known to the control plane, so it stops. To bring it back, add it under Machines and run "pilot join".'

/** Why the link stays closed, or null when it dials again by itself. */
export function finalReason(state: LinkState, boot: string): string | null {
  if (state.status !== 'offline' || state.retry_in_ms !== null) return null
  if (state.close_code === CLOSE.revoked || state.close_code === CLOSE.unknown_runtime) return REVOKED
  const winner = state.close_code === CLOSE.replaced ? replacedBy(state.close_reason ?? '') : null
  if (winner === null || winner === boot) return null
  return 'Another runtime uses the identity of this machine: its data directory was copied. This one stops; enrol one of them anew.'
}

async function identify(options: DaemonOptions, file: string, bootId: string): Promise<Identity> {
  const known = await readIdentity(file)
  const { url, enrollment_token: token } = options.control
  if (token === undefined) {
    if (known) return known
    throw new PilotError(
      'UNAUTHENTICATED',
      'This machine is not enrolled yet. Add it under Machines in the app and run "pilot join" with the address shown there.',
    )
  }
  try {
    const identity = await enroll({ controlUrl: url, token, label: options.label, version: RUNTIME_VERSION, bootId })
    await writeIdentity(file, identity)
    options.log('info', 'this machine is enrolled', { runtime_id: identity.runtime_id })
    return identity
  } catch (error) {
    // A supervisor may hand over the token of the first start once more.
    if (known && error instanceof PilotError && error.code === 'LINK_EXPIRED') return known
    throw error
  }
}

function connectUrl(controlUrl: string, identity: Identity): URL {
  const url = controlEndpoint(controlUrl, `rt/connect/${identity.runtime_id}`)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url
}
