import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { PilotError } from '@pilot/domain/errors'
import { HARDENED_FLAGS, hardenedEnvironment } from './hardening.ts'

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_MAX_BYTES = 8 * 1024 * 1024
const MAX_STDERR_BYTES = 64 * 1024
const MINIMUM_VERSION = [2, 25] as const

export interface GitRunOptions {
  cwd: string
  /** Default 30 s; the process is killed after it and RUNTIME_TIMEOUT is thrown. */
  timeoutMs?: number
  /** What is kept of stdout, default 8 MiB. More sets `truncated`, and the process is ended. */
  maxBytes?: number
  /** Added to the hardened environment: `GIT_INDEX_FILE` and the like, never a secret. */
  env?: Record<string, string>
  /** Written to stdin, which is closed otherwise. */
  input?: string
  signal?: AbortSignal
  /** Each piece of stderr as it comes: the progress of a clone. */
  onStderr?: (text: string) => void
}

export interface GitResult {
  /** Exit code; -1 when the process was ended because the output limit was reached. */
  code: number
  stdout: Buffer
  stderr: string
  truncated: boolean
}

/**
 * The only way this machine's code starts git: an argument vector, never a shell; hardened flags, a scrubbed
 * environment, a time limit and an output limit. Callers put `--` or `--end-of-options` before anything that a person
 * or a repository chose.
 */
export interface Git {
  run(args: readonly string[], options: GitRunOptions): Promise<GitResult>
  /** Like `run`, but a failure throws PilotError RUNTIME_ERROR with the first line that git said. */
  text(args: readonly string[], options: GitRunOptions): Promise<string>
  /** Throws GIT_UNAVAILABLE when git is missing or older than 2.25. Gives its version, such as `2.39.5`. */
  version(): Promise<string>
}

export interface GitSettings {
  /** Program to start, default `git` from PATH. */
  binary?: string
  /** Where PATH, HOME and the ssh agent come from. */
  environment: Record<string, string | undefined>
  /** Protocols that a clone may use, default `https:ssh`. */
  allowProtocols?: string
}

/** Makes the git runner of this process. */
export function createGit(settings: GitSettings): Git {
  const binary = settings.binary ?? 'git'
  const environment = hardenedEnvironment(settings.environment, settings.allowProtocols)
  let known: string | undefined

  const run: Git['run'] = (args, options) =>
    execute(binary, [...HARDENED_FLAGS, ...args], { ...environment, ...options.env }, options)

  return {
    run,
    async text(args, options) {
      const result = await run(args, options)
      if (result.code !== 0) throw new PilotError('RUNTIME_ERROR', `git could not do this: ${firstLine(result.stderr)}`)
      return result.stdout.toString('utf8')
    },
    async version() {
      if (known) return known
      const result = await run(['--version'], { cwd: '/', timeoutMs: 10_000 })
      const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(result.stdout.toString('utf8'))
      if (!match) throw new PilotError('GIT_UNAVAILABLE')
      const [major, minor] = [Number(match[1]), Number(match[2])]
      if (major < MINIMUM_VERSION[0] || (major === MINIMUM_VERSION[0] && minor < MINIMUM_VERSION[1])) {
        throw new PilotError('GIT_UNAVAILABLE', `git ${match[0]} is too old. Install git 2.25 or newer.`)
      }
      known = match[0]
      return known
    },
  }
}

/** First line of what git said, without `fatal:` and with paths of this machine cut out. */
export function firstLine(stderr: string): string {
  const line = stderr.split('\n').find((text) => text.trim() !== '' && !text.startsWith('hint:')) ?? 'no reason given'
  return line
    .replace(/^(fatal|error|warning): /, '')
    .replace(/(^|[\s'"(])\/[^\s'")]+/g, '$1…')
    .slice(0, 300)
}

function execute(
  binary: string,
  args: string[],
  env: Record<string, string>,
  options: GitRunOptions,
): Promise<GitResult> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
  return new Promise((resolve, reject) => {
    let child: ChildProcess
    try {
      child = spawn(binary, args, { cwd: options.cwd, env, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
    } catch (cause) {
      reject(startError(cause, options.cwd))
      return
    }
    const chunks: Buffer[] = []
    let size = 0
    let stderr = ''
    let truncated = false
    let failure: PilotError | undefined
    const stop = () => void child.kill('SIGKILL')
    const timer = setTimeout(() => {
      failure = new PilotError('RUNTIME_TIMEOUT', 'git did not finish in time on this machine.')
      stop()
    }, options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    const onAbort = () => {
      failure = new PilotError('CANCELLED')
      stop()
    }
    if (options.signal?.aborted) onAbort()
    options.signal?.addEventListener('abort', onAbort, { once: true })
    child.stdout?.on('data', (chunk: Buffer) => {
      if (truncated) return
      const room = maxBytes - size
      chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
      size += Math.min(chunk.length, room)
      if (chunk.length > room) {
        truncated = true
        stop()
      }
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      const text = chunk.toString('utf8')
      stderr = (stderr + text).slice(-MAX_STDERR_BYTES)
      options.onStderr?.(text)
    })
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
      finish()
    }
    child.once('error', (cause) => settle(() => reject(failure ?? startError(cause, options.cwd))))
    child.once('close', (code) =>
      settle(() => {
        if (failure) reject(failure)
        else if (/No space left on device|Disk quota exceeded/i.test(stderr)) reject(new PilotError('STORAGE_FULL'))
        else resolve({ code: truncated ? -1 : (code ?? -1), stdout: Buffer.concat(chunks), stderr, truncated })
      }),
    )
    // A process that ends before it has read its input closes the pipe under us: its exit code says the rest.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input)
  })
}

/** ENOENT means that either the program or the working directory is missing; only the first is git's absence. */
function startError(cause: unknown, cwd: string): PilotError {
  if (!existsSync(cwd)) {
    return new PilotError('WORKSPACE_ROOT_INVALID', 'The directory does not exist any more.', undefined, { cause })
  }
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT' || code === 'EACCES') return new PilotError('GIT_UNAVAILABLE', undefined, undefined, { cause })
  return new PilotError('RUNTIME_ERROR', 'git could not be started on this machine.', undefined, { cause })
}
