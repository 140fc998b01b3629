import { lstat, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PilotError } from '@pilot/domain/errors'
import { firstLine, type Git } from '../git/run.ts'

const CLONE_TIMEOUT_MS = 30 * 60_000

export interface CloneProgress {
  /** What git is doing, such as `Receiving objects`. */
  step: string
  percent: number
}

export interface CloneOptions {
  url: string
  /** Where clones stand; created when missing. */
  parent: string
  /** Name of the directory to make in it. */
  name: string
  signal?: AbortSignal
  onProgress?: (progress: CloneProgress) => void
}

/**
 * Clones a repository and gives the directory. The clone appears under its name only once it is whole; what an earlier,
 * interrupted one left is removed first. Throws VALIDATION_FAILED for an address that git must not be given,
 * WORKSPACE_ROOT_INVALID with git's own reason when it cannot be cloned, STORAGE_FULL, GIT_UNAVAILABLE or CANCELLED.
 */
export async function cloneRepository(git: Git, options: CloneOptions): Promise<string> {
  assertCloneUrl(options.url)
  await git.version()
  await mkdir(options.parent, { recursive: true, mode: 0o700 })
  const target = join(options.parent, options.name)
  const partial = join(options.parent, `.${options.name}.partial`)
  await rm(partial, { recursive: true, force: true })
  const flags = ['--no-recurse-submodules', '--template=', '--progress', '--origin', 'origin']
  try {
    const result = await git.run(['clone', ...flags, '--', options.url, partial], {
      cwd: options.parent,
      timeoutMs: CLONE_TIMEOUT_MS,
      signal: options.signal,
      onStderr: (text) => {
        const progress = readProgress(text)
        if (progress) options.onProgress?.(progress)
      },
    })
    if (result.code !== 0) {
      const lines = result.stderr.split(/[\r\n]+/).filter((line) => /^(fatal|error):/.test(line))
      throw new PilotError(
        'WORKSPACE_ROOT_INVALID',
        `git could not clone the repository: ${firstLine(lines.join('\n'))}. Check the address, and that this machine has access to it.`,
        { reason: 'clone_failed' },
      )
    }
    await rename(partial, target)
    return target
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

/** True when something stands at that path, a broken link included. */
export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

/** Only https and ssh, in either spelling, and no password in the address: it would end in the clone's configuration. */
export function assertCloneUrl(url: string): void {
  const scp = /^[A-Za-z0-9_][\w.-]*@[A-Za-z0-9][\w.-]*:(?!\/\/)[^\s:-][^\s]*$/
  const broken = url.length > 2_048 || /[\s\0-\x1f\x7f]/.test(url) || url.startsWith('-')
  const parsed = !broken && URL.canParse(url) ? new URL(url) : null
  const known = parsed !== null && (parsed.protocol === 'https:' || parsed.protocol === 'ssh:')
  if (broken || !(known ? /^[A-Za-z0-9[]/.test(parsed.hostname) : scp.test(url))) {
    throw new PilotError('VALIDATION_FAILED', 'Give an https:// or ssh:// address, or user@host:path.', {
      field: 'url',
    })
  }
  if (parsed?.password || (parsed?.protocol === 'https:' && parsed.username)) {
    throw new PilotError(
      'VALIDATION_FAILED',
      'Leave user name and password out of the address; set up a credential helper or an ssh key on the machine.',
      { field: 'url' },
    )
  }
}

/** The last progress line in a piece of git's output, or null. */
export function readProgress(text: string): CloneProgress | null {
  const match = [...text.matchAll(/(?:remote: )?([A-Z][a-z ]+):\s+(\d{1,3})% \(/g)].at(-1)
  return match?.[1] && match[2] ? { step: match[1], percent: Math.min(100, Number(match[2])) } : null
}
