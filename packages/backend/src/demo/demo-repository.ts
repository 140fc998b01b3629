import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Git } from '../git/run.ts'
import { exists } from '../workspaces/clone.ts'
import { DEMO_FILES } from './demo-files.ts'

const AUTHOR = {
  GIT_AUTHOR_NAME: 'Pilot Demo',
  GIT_AUTHOR_EMAIL: 'demo@pilot.invalid',
  GIT_COMMITTER_NAME: 'Pilot Demo',
  GIT_COMMITTER_EMAIL: 'demo@pilot.invalid',
}

/**
 * Makes the demo repository "demo-shop" at `directory`: a small cart with a bug, a failing test, and one commit. Does
 * nothing when the directory exists already, so whatever a person did there stays. It appears whole or not at all.
 */
export async function createDemoRepository(git: Git, directory: string): Promise<void> {
  if (await exists(directory)) return
  await git.version()
  const partial = `${directory}.partial`
  await rm(partial, { recursive: true, force: true })
  for (const [path, text] of Object.entries(DEMO_FILES)) {
    await mkdir(dirname(join(partial, path)), { recursive: true })
    await writeFile(join(partial, path), text)
  }
  await git.text(['init', '--quiet', '--template='], { cwd: partial })
  await git.text(['symbolic-ref', 'HEAD', 'refs/heads/main'], { cwd: partial })
  await git.text(['add', '--all'], { cwd: partial })
  const options = ['-c', 'commit.gpgSign=false', 'commit', '--quiet', '--message', 'A small cart']
  await git.text(options, { cwd: partial, env: AUTHOR })
  await rename(partial, directory)
}
