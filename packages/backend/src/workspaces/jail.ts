import { constants } from 'node:fs'
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { PilotError } from '@pilot/domain/errors'

const MAX_PATH_CHARS = 4_096

/** True when `path` is `root` or lies below it. Both are absolute and resolved; `/a/b` does not hold `/a/bc`. */
export function isInside(root: string, path: string): boolean {
  if (path === root) return true
  return path.startsWith(root.endsWith(sep) ? root : root + sep)
}

/**
 * The segments of a relative path that a client sent (already decoded once by the HTTP layer; it is not decoded again).
 * Throws PATH_OUTSIDE_WORKSPACE for what can only be an attempt to leave: `..`, an absolute, drive or UNC path, a
 * backslash, a NUL, a broken character, a name that is too long.
 */
export function pathSegments(path: string): string[] {
  const outside =
    path.length > MAX_PATH_CHARS ||
    /[\0\\]/.test(path) ||
    !path.isWellFormed() ||
    path.startsWith('/') ||
    /^[A-Za-z]:/.test(path)
  if (outside) throw new PilotError('PATH_OUTSIDE_WORKSPACE')
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.')
  if (segments.includes('..')) throw new PilotError('PATH_OUTSIDE_WORKSPACE')
  return segments
}

/**
 * The resolved absolute path of an existing file or directory below `root`. Links are followed only as long as they end
 * inside. Throws PATH_OUTSIDE_WORKSPACE or NOT_FOUND.
 */
export async function resolveInside(root: string, path: string): Promise<string> {
  const segments = pathSegments(path)
  const base = await realpath(root)
  const target = await realpath(join(base, ...segments)).catch((cause: unknown) => {
    throw missing(cause)
  })
  if (!isInside(base, target)) throw new PilotError('PATH_OUTSIDE_WORKSPACE')
  return target
}

/**
 * Opens an existing file below `root` for reading, never through a link in its last place, and checks again after the
 * open where the descriptor really points, so that swapping a directory for a link in between gains nothing.
 * The caller closes the handle.
 */
export async function openInside(root: string, path: string): Promise<FileHandle> {
  const segments = pathSegments(path)
  const name = segments.pop()
  if (name === undefined) throw new PilotError('NOT_FOUND')
  const base = await realpath(root)
  const parent = await resolveInside(root, segments.join('/'))
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(join(parent, name), flags).catch((cause: unknown) => {
    throw missing(cause)
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new PilotError('NOT_FOUND')
    const now = await descriptorPath(handle, join(parent, name))
    if (!isInside(base, now)) throw new PilotError('PATH_OUTSIDE_WORKSPACE')
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Linux tells where a descriptor points; elsewhere the path is resolved once more. */
async function descriptorPath(handle: FileHandle, opened: string): Promise<string> {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${handle.fd}`)
  return realpath(opened)
}

function missing(cause: unknown): PilotError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  // ELOOP is what O_NOFOLLOW answers for a link.
  return new PilotError(code === 'ELOOP' ? 'PATH_OUTSIDE_WORKSPACE' : 'NOT_FOUND', undefined, undefined, { cause })
}
