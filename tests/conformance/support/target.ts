import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestHarness } from 'wrangler'
import { bunBinary, freePort, until } from '../../support/pilot.ts'

const root = join(fileURLToPath(import.meta.url), '..', '..', '..', '..')
const gateway = join(root, 'services', 'gateway')

/** One running control plane, whichever shell it has. */
export interface Target {
  /** With a slash at its end. */
  url: string
  /** Process of the control plane, where it is one of its own. */
  pid: number | null
  /** Where its data is, where that is a directory. */
  home: string | null
  /** Drops everything that the hub of a runtime holds in memory; sockets stay. Rejects where the shell never does that. */
  hibernate: (runtimeId: string) => Promise<void>
  /** What the target wrote, for a failed test. */
  output(): string
  stop(): Promise<void>
}

/** The self-hosted shell: a Bun process over a fresh home, or over one that is given and stays. */
export async function startBun(given?: string): Promise<Target> {
  const home = given ?? mkdtempSync(join(tmpdir(), 'pilot-conformance-'))
  const port = await freePort()
  const program = join(root, 'services', 'pilot', 'src', 'main.ts')
  const child = spawn(bunBinary(), [program, 'serve', '--home', home, '--port', String(port)], {
    env: { ...process.env, PILOT_STAGE: 'test' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (data: Buffer) => {
    output = (output + data.toString()).slice(-50_000)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const url = `http://127.0.0.1:${port}/`
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await exited
      clearTimeout(timer)
    }
    if (!given) rmSync(home, { recursive: true, force: true })
  }
  try {
    await until('the gateway', async () => {
      if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`)
      return (await fetch(`${url}healthz`)).ok
    })
  } catch (error) {
    await stop()
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${output}`)
  }
  return {
    url,
    pid: child.pid ?? null,
    home,
    hibernate: () => Promise.reject(new Error('the hubs of this shell do not sleep')),
    output: () => output,
    stop,
  }
}

type Input = Extract<
  NonNullable<NonNullable<Parameters<typeof createTestHarness>[0]>['workers']>[number],
  { config: unknown }
>

/** The deployed configuration, with absolute paths, the sign-in for tests compiled in, and secrets for this run. */
function workerInput(baseUrl: string): Input {
  const text = readFileSync(join(gateway, 'wrangler.jsonc'), 'utf8')
  const config = JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, ''))
  const [database] = config.d1_databases
  return {
    config: {
      ...config,
      $schema: undefined,
      main: join(gateway, config.main),
      define: { ...config.define, PILOT_DEV_LOGIN: 'true' },
      d1_databases: [{ ...database, migrations_dir: join(gateway, database.migrations_dir) }],
      assets: { ...config.assets, directory: join(gateway, config.assets.directory) },
      vars: {
        PILOT_BASE_URL: baseUrl,
        PILOT_STAGE: 'test',
        PILOT_AUTH_SECRET: randomBytes(32).toString('base64url'),
        PILOT_KEK: JSON.stringify({ 1: randomBytes(32).toString('base64url') }),
      },
    },
  }
}

/** The cloud shell, in the real workerd. */
export async function startWorker(): Promise<Target> {
  // Nothing is fetched from outside for a description of the connection.
  process.env.CLOUDFLARE_CF_FETCH_ENABLED = 'false'
  const harness = createTestHarness({ root: gateway, workers: [workerInput('http://127.0.0.1/')] })
  const output = () =>
    harness
      .getLogs()
      .map((entry) => JSON.stringify(entry))
      .join('\n')
      .slice(-50_000)
  try {
    // The address is known only now, and the gateway checks that it is called by it.
    const { url } = await harness.listen()
    await harness.update({ root: gateway, workers: [workerInput(url.href)] })
    const worker = harness.getWorker()
    await worker.applyD1Migrations('PILOT_DB')
    return {
      url: url.href,
      pid: null,
      home: null,
      hibernate: (name) => worker.evictDurableObject('RUNTIME_HUB', { name, webSockets: 'hibernate' }),
      output,
      stop: () => harness.close(),
    }
  } catch (error) {
    await harness.close()
    throw error
  }
}
