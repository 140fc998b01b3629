import { Database } from 'bun:sqlite'
import { chmodSync, rmSync } from 'node:fs'
import { openPilotDb } from '@pilot/domain/d1/db'
import { PilotError, toPilotError } from '@pilot/domain/errors'
import pino from 'pino'
import manifest from '../../package.json' with { type: 'json' }
import { type Gateway, makeApp } from '../app.ts'
import { providersFromEnv } from '../auth/providers.ts'
import { makeControlApp } from '../control/control-app.ts'
import { DEFAULT_LIMITS, type GatewayConfig, type Logger, limitsFromEnv, type Stage } from '../deps.ts'
import { createPages } from '../document/pages.ts'
import { allowedAddresses } from '../http/origin.ts'
import { LocalHub } from '../hub/local/local-hub.ts'
import { localSocketHandlers, type SocketData } from '../hub/local/native-socket.ts'
import { makeHubBackend } from '../runtime/hub-backend.ts'
import { forgetPresence, sweep } from '../services/housekeeping.ts'
import { directoryAssets } from './file-assets.ts'
import { gatewayPaths, loadKeys, lockGatewayHome, prepareGatewayHome, readLocalIdentity } from './home.ts'
import { clientAddress, portTaken, publicAddress } from './listener.ts'

export interface ServeGatewayOptions {
  /** PILOT_HOME; everything of the control plane lies in its `gateway` directory. */
  home: string
  /** 0 takes a free one, for tests. */
  port: number
  host: string
  /** Public address when it is not the listener's own, e.g. https://host/pilot/. */
  baseUrl?: string | undefined
  stage: Stage
  /** Directory with the built application. */
  appDir: string
  logger?: Logger
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  trustedProxies?: readonly string[]
  /** Environment that names sign-in providers; the process's own by default. */
  env?: Record<string, string | undefined>
}

export interface RunningGateway {
  /** Address of the listener on this computer, ending in `/`. */
  url: string
  /** Address that people use, ending in `/`. */
  base_url: string
  /** Ends every link and request, then closes the data. */
  stop(): Promise<void>
}

/** The server reads bodies as streams; this only bounds what one request may send at all. */
const MAX_BODY = 16 * 1_048_576
const SWEEP_MS = 3_600_000
/** Longest path of a socket that every supported system takes. */
const MAX_SOCKET_PATH = 103

const standardLogger = (env: Record<string, string | undefined>): Logger =>
  pino(
    {
      level: env.PILOT_LOG_LEVEL ?? 'warn',
      redact: ['*.token', '*.api_key', '*.password', '*.cookie', '*.authorization', 'headers'],
    },
    pino.destination({ dest: 2, sync: true }),
  )

/**
 * Starts the control plane in this process. Throws PilotError: CONFLICT when the port or the data directory is in use,
 * UPGRADE_REQUIRED for data of a newer version, VALIDATION_FAILED for an address that would be unsafe.
 */
export async function serveGateway(options: ServeGatewayOptions): Promise<RunningGateway> {
  const env = options.env ?? process.env
  const logger = options.logger ?? standardLogger(env)
  // Checked before anything is created; the port only matters for the address that is shown.
  const { loopback } = publicAddress(options)
  if (options.stage !== 'production' && !loopback)
    throw new PilotError(
      'VALIDATION_FAILED',
      `The stage "${options.stage}" is for this computer only. Listen on localhost.`,
    )
  const paths = gatewayPaths(options.home)
  if (paths.socket.length > MAX_SOCKET_PATH)
    throw new PilotError('VALIDATION_FAILED', 'The path of PILOT_HOME is too long for a socket. Choose a shorter one.')
  prepareGatewayHome(paths)
  const undo: (() => unknown)[] = []
  try {
    const lock = lockGatewayHome(paths)
    undo.push(lock.release)
    const keys = loadKeys(paths)
    const sqlite = new Database(paths.database, { create: true, strict: false })
    undo.push(() => sqlite.close())
    chmodSync(paths.database, 0o600)
    const db = openPilotDb(sqlite)

    const listener: { gateway?: Gateway } = {}
    const trusted = options.trustedProxies ?? (env.PILOT_TRUSTED_PROXIES ?? '').split(',').filter(Boolean)
    const server = listen(options, async (request, bun) => {
      const { gateway } = listener
      if (!gateway) return new Response(null, { status: 503, headers: { 'retry-after': '1' } })
      const peer = bun.requestIP(request)?.address ?? 'unknown'
      const ip = clientAddress(peer, request.headers.get('x-forwarded-for'), trusted)
      // Event streams and long answers of a machine are quiet for minutes.
      if (request.url.includes('/api/chamber/')) bun.timeout(request, 0)
      const response = await gateway.fetch(request, { ip })
      return hub.wasUpgraded(request) ? undefined : response
    })
    undo.push(() => server.stop(true))
    const port = server.port ?? options.port
    const { base_url } = publicAddress({ ...options, port })
    const config: GatewayConfig = {
      stage: options.stage,
      version: manifest.version,
      base_url,
      ...allowedAddresses({ base_url, explicit_base: options.baseUrl !== undefined, port }),
      loopback,
      providers: providersFromEnv(env),
      features: { mount: false },
      limits: limitsFromEnv(env, DEFAULT_LIMITS.terminals_per_runtime),
    }

    const background = new Set<Promise<unknown>>()
    const hub: LocalHub = new LocalHub({
      upgrade: (request, upgrade) => server.upgrade(request, upgrade),
      backend: {
        onPresence: (...args) => backend.onPresence(...args),
        welcome: (...args) => backend.welcome(...args),
        onSummary: (...args) => backend.onSummary(...args),
        onTerminals: async (...args) => (await backend.onTerminals?.(...args)) ?? { missing: [], unwanted: [] },
        viewerAllowed: async (identity) => (await backend.viewerAllowed?.(identity)) ?? true,
        memberAllowed: async (identity) => (await backend.memberAllowed?.(identity)) ?? true,
      },
      log: (message, fields) => logger.info(fields, message),
    })
    const gateway = makeApp({
      db,
      hub,
      pages: createPages({ store: await directoryAssets(options.appDir), base_url, compress: true }),
      config,
      keys,
      logger,
      clock: () => new Date(),
      defer: (work) => {
        const tracked = work.catch((cause: unknown) => {
          logger.error({ err: cause, code: toPilotError(cause).code }, 'work in the background failed')
        })
        background.add(tracked)
        void tracked.finally(() => background.delete(tracked))
      },
    })
    const backend = makeHubBackend(gateway.app)
    undo.push(() => hub.stop())

    await forgetPresence(gateway.app)
    await sweep(gateway.app)
    const sweeper = setInterval(() => gateway.app.defer(sweep(gateway.app)), SWEEP_MS)
    undo.push(() => clearInterval(sweeper))

    const url = `http://${localName(options.host)}:${port}/`
    const control = makeControlApp(gateway.app, {
      url,
      pid: process.pid,
      localIdentity: async () => readLocalIdentity(paths),
    })
    rmSync(paths.socket, { force: true })
    const controlServer = Bun.serve({ unix: paths.socket, fetch: (request) => control.fetch(request) })
    chmodSync(paths.socket, 0o600)
    undo.push(() => {
      rmSync(paths.socket, { force: true })
      return controlServer.stop(true)
    })
    listener.gateway = gateway
    logger.info({ url, base_url }, 'the gateway listens')
    return {
      url,
      base_url,
      async stop() {
        hub.stop()
        await Promise.allSettled(background)
        await unwind(undo)
      },
    }
  } catch (cause) {
    await unwind(undo)
    throw cause
  }
}

/** Closes in the reverse order of opening; one failure does not keep the rest open. */
async function unwind(undo: (() => unknown)[]): Promise<void> {
  const steps = undo.splice(0).reverse()
  for (const step of steps) await Promise.resolve().then(step)
}

/** How this computer reaches its own listener. */
function localName(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === 'localhost') return '127.0.0.1'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

type Fetch = (request: Request, server: Bun.Server<SocketData>) => Promise<Response | undefined>

function listen({ host, port }: ServeGatewayOptions, fetch: Fetch): Bun.Server<SocketData> {
  const hostname = host === 'localhost' ? '127.0.0.1' : host
  try {
    return Bun.serve<SocketData>({
      hostname,
      port,
      idleTimeout: 120,
      maxRequestBodySize: MAX_BODY,
      fetch,
      websocket: localSocketHandlers,
    })
  } catch (cause) {
    const taken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    throw taken ? portTaken(hostname, port, cause) : cause
  }
}
