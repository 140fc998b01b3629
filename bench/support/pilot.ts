import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { bun, freePort, makeRepository, program, type Scope, until } from './program.ts'

const KEYS = [
  'OPENROUTER_API_KEY',
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'PILOT_MODEL_API_KEY',
  'PILOT_MODEL_BASE_URL',
]

/** The environment of everything that is started: without model keys, so that the scripted model answers. */
export function environment(home: string): Record<string, string | undefined> {
  const rest = Object.entries(process.env).filter(([key]) => !KEYS.includes(key))
  return { ...Object.fromEntries(rest), INIT_CWD: home, PILOT_STAGE: 'production' }
}

export interface Pilot {
  home: string
  port: number
  supervisor: ChildProcess
  /** Milliseconds from the spawn to the first healthy answer and to the printed link. */
  healthyMs: number
  linkMs: number
  link: string
  /** Everything that was printed. */
  output: () => string
  stop: () => Promise<void>
}

export interface StartOptions {
  home: string
  workspace?: string
  /** The command in place of `bun pilot.js`. */
  command?: string[]
}

/** Starts the product as `npm start` does and measures until it answers and until it printed the sign-in link. */
export async function startPilot({ home, workspace, command }: StartOptions): Promise<Pilot> {
  const port = await freePort()
  const [file = '', ...args] = [...(command ?? [bun(), program(), 'up']), '--home', home, '--port', String(port)]
  if (workspace !== undefined) args.push('--workspace', workspace)
  const began = performance.now()
  const supervisor = spawn(file, [...args, '--no-open'], { env: environment(home), stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let linkMs: number | null = null
  const collect = (data: Buffer) => {
    output = (output + data.toString()).slice(-100_000)
    if (linkMs === null && output.includes('#owner=')) linkMs = performance.now() - began
  }
  supervisor.stdout.on('data', collect)
  supervisor.stderr.on('data', collect)
  const stop = () => endProcess(supervisor)
  const alive = () => {
    if (supervisor.exitCode !== null) throw new Error(`it ended with ${supervisor.exitCode}:\n${output}`)
  }
  try {
    await until(
      'a healthy answer',
      async () => {
        alive()
        return (await get(port, '/healthz').catch(() => null)) === 200
      },
      { everyMs: 2, timeoutMs: 300_000 },
    )
    const healthyMs = performance.now() - began
    const printed = await until('the sign-in link', () => {
      alive()
      return linkMs
    })
    const link = /https?:\/\/\S+#owner=\S+/.exec(output)?.[0] ?? ''
    return { home, port, supervisor, healthyMs, linkMs: printed, link, output: () => output, stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

/** Ends a process with SIGTERM, after 30 s with SIGKILL, and waits until it is gone. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
  await exited
  clearTimeout(timer)
}

function get(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false, timeout: 1_000 }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode ?? 0))
      answer.once('error', reject)
    })
    sent.once('timeout', () => sent.destroy())
    sent.once('error', reject)
    sent.end()
  })
}

/** Calls the gateway's socket in the file system, as the supervisor does. */
export function control(home: string, path: string, body: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socketPath = join(home, 'gateway', 'control.sock')
    const headers = { 'content-type': 'application/json' }
    const sent = request({ socketPath, path, method: 'POST', headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`${path}: ${answer.statusCode} ${text}`))
      })
      answer.once('error', reject)
    })
    sent.once('error', reject)
    sent.end(JSON.stringify(body))
  })
}

export interface LocalSetup {
  runtime: { enrollment_token?: string; runtime_id?: string }
  workspace_slug: string
}

/**
 * Asks for the workspace of a directory; it is made when there is none. While the machine is not enrolled, each call
 * gives a new token in place of the one before.
 */
export async function localSetup(home: string, directory: string): Promise<LocalSetup> {
  return (await control(home, '/local-setup', {
    user_name: 'Bench',
    machine_name: hostname(),
    directory,
    demo_directory: join(home, 'demo-shop'),
  })) as LocalSetup
}

/** A signed-in person who calls one workspace. */
export interface Client {
  cookie: string
  /** Address of the workspace's routes on its machine. */
  base: string
  headers: Record<string, string>
  call(method: string, path: string, body?: unknown): Promise<Response>
  json<T>(method: string, path: string, body?: unknown): Promise<T>
}

/** Signs in with a new owner link and gives a client of the workspace. */
export async function signIn(home: string, port: number, slug: string): Promise<Client> {
  const { url } = (await control(home, '/owner-link', {})) as { url: string }
  const origin = `http://127.0.0.1:${port}`
  const unsafe = { origin, 'x-pilot-csrf': '1', 'content-type': 'application/json' }
  const token = url.split('#owner=')[1]
  const path = '/api/auth/owner-link/redeem'
  const answer = await fetch(`${origin}${path}`, { method: 'POST', headers: unsafe, body: JSON.stringify({ token }) })
  if (!answer.ok) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`)
  const cookie = answer.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ')
  const base = `${origin}/api/chamber/workspaces/${slug}`
  const headers = { ...unsafe, cookie }
  const call = (method: string, below: string, body?: unknown) =>
    fetch(base + below, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const json = async <T>(method: string, below: string, body?: unknown): Promise<T> => {
    const response = await call(method, below, body)
    if (!response.ok) throw new Error(`${method} ${below}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  return { cookie, base, headers, call, json }
}

/** Signs in to the workspace that `startPilot` was given, once its machine is there. */
export async function openWorkspace({ home, port }: Pilot, workspace: string): Promise<Client> {
  await until('the enrolment', () => existsSync(join(home, 'runtime', 'identity.json')))
  const { workspace_slug } = await localSetup(home, workspace)
  const client = await signIn(home, port, workspace_slug)
  await until('the machine', async () => (await client.call('GET', '/health')).ok, { everyMs: 50 })
  return client
}

/** A product with one workspace, which ends with the scope. */
export async function pilotWithWorkspace(scope: Scope) {
  const repository = scope.directory('repository')
  const home = scope.directory('home')
  makeRepository(repository)
  const pilot = await startPilot({ home, workspace: repository })
  scope.defer(() => pilot.stop())
  return { home, pilot, client: await openWorkspace(pilot, repository) }
}

/** Ends the terminals of a home, which outlive the product. */
export async function stopTerminals(home: string): Promise<void> {
  const stop = spawn(bun(), [program(), 'stop', '--terminals', '--home', home], { stdio: 'ignore' })
  await once(stop, 'exit')
}
