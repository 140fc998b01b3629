import { spawnSync } from 'node:child_process'
import { realpathSync, statSync } from 'node:fs'
import { resolve, sep } from 'node:path'

export type WorkspaceChoice =
  | { directory: string; reason: 'named' | 'repository' }
  | { directory: null; reason: 'demo' }

/** The root of the git repository around `directory`, or null. */
function repositoryRoot(directory: string): string | null {
  const { stdout, status } = spawnSync('git', ['-C', directory, 'rev-parse', '--show-toplevel'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, GIT_OPTIONAL_LOCKS: '0' },
  })
  return status === 0 ? stdout.trim() || null : null
}

/**
 * Which directory becomes the first workspace: the one that was named, else the repository that the command was called
 * from, else none (a demo repository is made). Pilot's own clone counts as none: nobody wants to start there.
 * Throws when a named directory does not exist.
 */
export function chooseWorkspace(
  named: string | undefined,
  calledFrom: string,
  ownRoot: string | null,
): WorkspaceChoice {
  if (named !== undefined) {
    const directory = resolve(calledFrom, named)
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
      throw new Error(`There is no directory ${directory}. Create it, or name another one with --workspace.`)
    }
    return { directory: realpathSync(directory), reason: 'named' }
  }
  const root = repositoryRoot(calledFrom)
  if (!root) return { directory: null, reason: 'demo' }
  const real = realpathSync(root)
  const own = ownRoot ? realpathSync(ownRoot) : null
  if (own && (real === own || real.startsWith(own + sep))) return { directory: null, reason: 'demo' }
  return { directory: real, reason: 'repository' }
}
