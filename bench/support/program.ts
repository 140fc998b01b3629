import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(fileURLToPath(import.meta.url), '..', '..', '..')

/** The pinned Bun of this platform. */
export function bun(): string {
  const os = process.platform === 'darwin' ? 'darwin' : 'linux'
  const cpu = process.arch === 'arm64' ? 'aarch64' : 'x64'
  return join(root, 'node_modules', '@oven', `bun-${os}-${cpu}`, 'bin', 'bun')
}

let built: string | null = process.env.PILOT_BENCH_PROGRAM ?? null

/**
 * Builds app and server as `npm start` does, once per run, and gives the server's bundle. PILOT_BENCH_PROGRAM names
 * another one, to compare two builds.
 */
export function program(): string {
  if (built) return built
  const code = "const { build } = await import('./scripts/lib/bootstrap.mjs'); process.stdout.write(await build())"
  const made = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: root, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`the product could not be built:\n${made.stderr}`)
  built = join(root, 'dist', 'pilot.js')
  return built
}

/** Everything that a program starts or makes; undone in reverse order, also after a failure. */
export class Scope {
  readonly #undo: (() => unknown)[] = []

  defer(undo: () => unknown): void {
    this.#undo.push(undo)
  }

  /** A new directory that is removed at the end. */
  directory(name: string): string {
    const path = realpathSync(mkdtempSync(join(tmpdir(), `pilot-bench-${name}-`)))
    this.defer(() => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
    return path
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo()
  }
}

/** Runs `work` with a scope that is closed whatever happens. */
export async function scoped<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope()
  try {
    return await work(scope)
  } finally {
    await scope.close()
  }
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A port of this computer that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Asks again every `everyMs` until there is an answer. The error names what was waited for. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  { timeoutMs = 60_000, everyMs = 5 } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await probe()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

/** A repository with a commit, the same in every run. */
export function makeRepository(directory: string): void {
  const git = (...args: string[]) => {
    const done = spawnSync('git', [
      '-C',
      directory,
      '-c',
      'user.name=Bench',
      '-c',
      'user.email=bench@example.com',
      ...args,
    ])
    if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${String(done.stderr)}`)
  }
  git('init', '-q', '-b', 'main')
  git('commit', '-q', '--allow-empty', '-m', 'first')
}
