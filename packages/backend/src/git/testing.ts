import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createGit, type Git } from './run.ts'

/** Test support: git that may also clone from a local directory, and temporary repositories. */
export function testGit(): Git {
  return createGit({ environment: process.env, allowProtocols: 'https:ssh:file' })
}

export async function temporaryDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'pilot-test-')))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

export async function writeFiles(root: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
}

export async function commitAll(git: Git, root: string, message: string): Promise<string> {
  const env = {
    GIT_AUTHOR_NAME: 'T',
    GIT_AUTHOR_EMAIL: 't@example.invalid',
    GIT_COMMITTER_NAME: 'T',
    GIT_COMMITTER_EMAIL: 't@example.invalid',
  }
  await git.text(['add', '--all'], { cwd: root })
  await git.text(['-c', 'commit.gpgSign=false', 'commit', '--quiet', '-m', message], { cwd: root, env })
  return (await git.text(['rev-parse', 'HEAD'], { cwd: root })).trim()
}

/** A repository on branch `main` with one commit of these files. */
export async function makeRepository(
  git: Git,
  root: string,
  files: Record<string, string | Uint8Array>,
): Promise<string> {
  await mkdir(root, { recursive: true })
  await git.text(['init', '--quiet'], { cwd: root })
  await git.text(['symbolic-ref', 'HEAD', 'refs/heads/main'], { cwd: root })
  await writeFiles(root, files)
  return commitAll(git, root, 'first')
}
