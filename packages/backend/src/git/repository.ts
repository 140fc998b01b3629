import { realpath } from 'node:fs/promises'
import { PilotError } from '@pilot/domain/errors'
import { firstLine, type Git } from './run.ts'

export interface RepositoryInfo {
  /** Root of the checkout that holds the directory, resolved. */
  root: string
  /** The directory below the root, `''` when it is the root itself, with `/` between segments. */
  prefix: string
  /** Commit that is checked out; null in a repository without a commit. */
  head: string | null
  /** Branch that is checked out; null when HEAD is detached. */
  branch: string | null
  /** True when the checkout is a submodule of another one. */
  submodule: boolean
}

/**
 * What git says about a directory: null when it is in no repository. A subdirectory that its repository does not know
 * (ignored, or never added) counts as no repository, since a worktree of it would be empty.
 * Throws WORKSPACE_ROOT_INVALID for a bare repository, the inside of `.git`, or one owned by another user;
 * GIT_UNAVAILABLE when git is missing.
 */
export async function inspectRepository(git: Git, directory: string): Promise<RepositoryInfo | null> {
  await git.version()
  const asked = ['rev-parse', '--is-bare-repository', '--is-inside-git-dir', '--is-inside-work-tree']
  const kind = await git.run(asked, { cwd: directory })
  if (kind.code !== 0) {
    if (/dubious ownership/.test(kind.stderr)) {
      throw new PilotError(
        'WORKSPACE_ROOT_INVALID',
        'The repository belongs to another user of this machine, and git refuses to work in it. Change its owner, or add it to safe.directory.',
      )
    }
    if (/not a git repository/i.test(kind.stderr)) return null
    throw new PilotError('WORKSPACE_ROOT_INVALID', `git cannot read the repository: ${firstLine(kind.stderr)}`)
  }
  const [bare, inside, tree] = kind.stdout.toString('utf8').trim().split('\n')
  if (bare === 'true' || inside === 'true' || tree !== 'true') {
    throw new PilotError(
      'WORKSPACE_ROOT_INVALID',
      'This is the inside of a git repository (bare, or its .git directory). Choose a checkout of it.',
    )
  }
  const [root, prefix] = await Promise.all([
    git.text(['rev-parse', '--show-toplevel'], { cwd: directory }).then((text) => realpath(withoutNewline(text))),
    git
      .text(['rev-parse', '--show-prefix'], { cwd: directory })
      .then((text) => withoutNewline(text).replace(/\/$/, '')),
  ])
  const [head, branch, parent] = await Promise.all([
    git.run(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { cwd: root }),
    git.run(['symbolic-ref', '--quiet', '--short', 'HEAD'], { cwd: root }),
    git.run(['rev-parse', '--show-superproject-working-tree'], { cwd: root }),
  ])
  const commit = head.code === 0 ? head.stdout.toString('utf8').trim() : null
  if (prefix !== '' && !(commit !== null && (await isTracked(git, root, commit, prefix)))) return null
  return {
    root,
    prefix,
    head: commit,
    branch: branch.code === 0 ? branch.stdout.toString('utf8').trim() : null,
    submodule: parent.stdout.toString('utf8').trim() !== '',
  }
}

/** The full hash of a commit that a branch, tag or hash names; null when there is none. Never an option. */
export async function resolveCommit(git: Git, root: string, ref: string): Promise<string | null> {
  // A leading dash is refused here, since rev-parse learned --end-of-options only after 2.25.
  if (ref === '' || ref.startsWith('-') || /[\0\n]/.test(ref)) return null
  const result = await git.run(['rev-parse', '--verify', '--quiet', `${ref}^{commit}`], { cwd: root })
  const sha = result.stdout.toString('utf8').trim()
  return result.code === 0 && /^[0-9a-f]{40,64}$/.test(sha) ? sha : null
}

/** True when git accepts the name for a branch. */
export async function isBranchName(git: Git, root: string, name: string): Promise<boolean> {
  if (name.startsWith('-')) return false
  return (await git.run(['check-ref-format', '--branch', name], { cwd: root })).code === 0
}

async function isTracked(git: Git, root: string, commit: string, prefix: string): Promise<boolean> {
  return (await git.run(['cat-file', '-e', `${commit}:${prefix}`], { cwd: root })).code === 0
}

/** A path may end in spaces, so only the line's own end is cut. */
function withoutNewline(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text
}

/** A session needs a commit to branch from. */
export function noCommit(): PilotError {
  return new PilotError(
    'WORKSPACE_ROOT_INVALID',
    'This repository has no commit yet, so there is nothing to branch from: make a first commit, then start again.',
    { reason: 'no_commit' },
  )
}
