import { rm } from 'node:fs/promises'
import { PilotError } from '@pilot/domain/errors'
import { resolveCommit } from '../git/repository.ts'
import { firstLine, type Git } from '../git/run.ts'
import { exists } from '../workspaces/clone.ts'

/** A checkout of a large repository on a slow disk takes its time. */
const CHECKOUT_TIMEOUT_MS = 10 * 60_000

/** What the git commands of one worktree need to know. */
export interface WorktreePlace {
  repository: string
  path: string
  branch: string
  base_sha: string
}

/**
 * Adds the worktree with its new branch, from whatever an interrupted attempt left: a branch that exists already (with
 * the session's commits, perhaps) is checked out as it is. The repository's own checkout is not touched.
 */
export async function addWorktree(git: Git, place: WorktreePlace): Promise<void> {
  const { repository, path, branch, base_sha } = place
  await discardCheckout(git, place)
  const known = await resolveCommit(git, repository, `refs/heads/${branch}`)
  const target = known === null ? ['--no-track', '-b', branch, '--', path, base_sha] : ['--', path, branch]
  const result = await git.run(['worktree', 'add', ...target], { cwd: repository, timeoutMs: CHECKOUT_TIMEOUT_MS })
  if (result.code !== 0) {
    await discardCheckout(git, place)
    throw new PilotError(
      'RUNTIME_ERROR',
      `git could not make a worktree for the session: ${firstLine(lastFailure(result.stderr))}`,
    )
  }
}

/** Removes the worktree. Its branch goes only when it holds no commit of its own. */
export async function removeWorktree(git: Git, place: WorktreePlace): Promise<void> {
  await discardCheckout(git, place)
  if (!(await exists(place.repository))) return
  const head = await resolveCommit(git, place.repository, `refs/heads/${place.branch}`)
  if (head !== place.base_sha) return
  await git.run(['branch', '--quiet', '-D', '--', place.branch], { cwd: place.repository })
}

async function discardCheckout(git: Git, place: WorktreePlace): Promise<void> {
  if (await exists(place.repository)) {
    // Twice --force: also a worktree that git has locked while it was being made.
    await git.run(['worktree', 'remove', '--force', '--force', '--', place.path], {
      cwd: place.repository,
      timeoutMs: CHECKOUT_TIMEOUT_MS,
    })
  }
  await rm(place.path, { recursive: true, force: true })
  if (await exists(place.repository)) await git.run(['worktree', 'prune'], { cwd: place.repository })
}

function lastFailure(stderr: string): string {
  return stderr.split('\n').findLast((line) => /^(fatal|error): /.test(line)) ?? stderr
}
