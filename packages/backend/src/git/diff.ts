import { copyFile, mkdtemp, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { PilotError } from '@pilot/domain/errors'
import type { FileChange } from '@pilot/protocol/agent/model'
import { parseChanges, splitPatches } from './diff-parse.ts'
import { SAFE_DIFF_OPTIONS } from './hardening.ts'
import type { Git } from './run.ts'

/** Limits of one comparison. What is beyond them is left out and `truncated` says so. */
export const MAX_CHANGED_FILES = 1_000
export const MAX_LIST_BYTES = 160 * 1024
export const MAX_PATCH_BYTES = 256 * 1024
export const MAX_PATCHES_BYTES = 4 * 1024 * 1024
/** One file asked for by name may be this long. */
export const MAX_ONE_PATCH_BYTES = 2 * 1024 * 1024

export interface ChangeList {
  /** Sorted by path as git sorts: byte order. */
  changes: FileChange[]
  truncated: boolean
}

export interface WorktreeDiff {
  base: string
  files: (FileChange & { patch: string | null })[]
  truncated: boolean
}

/**
 * What a checkout holds against a commit: committed, staged, unstaged and untracked (not ignored) changes in one list,
 * renames found. Paths are relative to the checkout's root. Changes nothing in the repository.
 */
export async function listChanges(git: Git, root: string, base: string): Promise<ChangeList> {
  return withScratchIndex(git, root, async (env, cut) => {
    const { changes, truncated } = await readChanges(git, root, base, env, [])
    return { changes, truncated: truncated || cut }
  })
}

/**
 * The same with a unified diff per file: null where the file is binary, above 256 KiB, or beyond the overall 4 MiB. With
 * `path` (relative to the root; either side of a rename) only that file is given, up to 2 MiB.
 */
export async function readDiff(git: Git, root: string, base: string, path?: string): Promise<WorktreeDiff> {
  return withScratchIndex(git, root, async (env, cut) => {
    const list = await readChanges(git, root, base, env, [])
    const wanted =
      path === undefined ? list.changes : list.changes.filter((file) => file.path === path || file.old_path === path)
    const paths =
      path === undefined ? [] : wanted.flatMap((file) => [file.path, ...(file.old_path ? [file.old_path] : [])])
    if (path !== undefined && wanted.length === 0) return { base, files: [], truncated: false }
    const limit = path === undefined ? MAX_PATCHES_BYTES : MAX_ONE_PATCH_BYTES
    const result = await git.run(['diff', ...SAFE_DIFF_OPTIONS, '--full-index', '--patch', base, '--', ...paths], {
      cwd: root,
      env,
      maxBytes: limit,
    })
    if (result.code !== 0 && !result.truncated) throw unreadable()
    const patches = splitPatches(result.stdout.toString('utf8'), wanted, result.truncated)
    const perFile = path === undefined ? MAX_PATCH_BYTES : MAX_ONE_PATCH_BYTES
    const files = wanted.map((file, index) => {
      const patch = patches[index]
      const shown = patch !== undefined && !file.binary && Buffer.byteLength(patch) <= perFile
      return { ...file, patch: shown ? patch : null }
    })
    return { base, files, truncated: result.truncated || (path === undefined && (list.truncated || cut)) }
  })
}

/** True when the checkout holds anything that is not committed, untracked files included. */
export async function isDirty(git: Git, root: string): Promise<boolean> {
  const options = ['status', '--porcelain', '-z', '--untracked-files=normal', '--ignore-submodules=none']
  const result = await git.run(options, { cwd: root, maxBytes: 4_096 })
  if (result.code !== 0 && !result.truncated) throw unreadable()
  return result.stdout.length > 0
}

async function readChanges(
  git: Git,
  root: string,
  base: string,
  env: Record<string, string>,
  paths: string[],
): Promise<ChangeList> {
  const args = ['diff', ...SAFE_DIFF_OPTIONS, '--raw', '--numstat', '-z', base, '--', ...paths]
  const result = await git.run(args, { cwd: root, env })
  if (result.code !== 0 && !result.truncated) throw unreadable()
  const all = parseChanges(result.stdout.toString('utf8'))
  const changes: FileChange[] = []
  let bytes = 0
  for (const change of all) {
    bytes += Buffer.byteLength(change.path) + Buffer.byteLength(change.old_path ?? '') + 120
    if (changes.length === MAX_CHANGED_FILES || bytes > MAX_LIST_BYTES) break
    changes.push(change)
  }
  return { changes, truncated: result.truncated || changes.length < all.length }
}

/**
 * Untracked files are made visible to `git diff` in a copy of the index ("intent to add"), so that the repository's own
 * index stays as it is and renames are found across both.
 */
async function withScratchIndex<T>(
  git: Git,
  root: string,
  work: (env: Record<string, string>, cut: boolean) => Promise<T>,
): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), 'pilot-index-'))
  try {
    const file = (await git.text(['rev-parse', '--git-path', 'index'], { cwd: root })).trim()
    const index = isAbsolute(file) ? file : join(root, file)
    const copy = join(scratch, 'index')
    const env = { GIT_INDEX_FILE: copy }
    try {
      await copyFile(index, copy)
      // Git looks into a file again when the index is not newer than it. With a new time on the copy, an edit of the
      // same length in the same second as the checkout would go unseen.
      const { atime, mtime } = await stat(index)
      await utimes(copy, atime, mtime)
    } catch {
      // A checkout without an index yet: git starts from an empty one.
    }
    const list = await git.run(['ls-files', '--others', '--exclude-standard', '-z'], {
      cwd: root,
      maxBytes: 1024 * 1024,
    })
    if (list.code !== 0 && !list.truncated) throw unreadable()
    const names = list.stdout.toString('utf8').split('\0')
    // The last piece is empty, or half a name when the output was cut.
    names.pop()
    const files = names.filter((name) => !name.endsWith('/'))
    const taken = files.slice(0, MAX_CHANGED_FILES)
    if (taken.length > 0) {
      const args = ['add', '--intent-to-add', '--pathspec-from-file=-', '--pathspec-file-nul']
      // A file may be gone again by now; then the others are added one step later, with the next look.
      await git.run(args, { cwd: root, env, input: taken.join('\0') })
    }
    return await work(env, list.truncated || taken.length < files.length)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const unreadable = () =>
  new PilotError('RUNTIME_ERROR', 'git could not compare the worktree with its base. Check the repository and reload.')
