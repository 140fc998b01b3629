import { PilotError } from '@pilot/domain/errors'

/**
 * The canonical form of a directory on a machine, by its text alone: absolute, no `.` or `..`, single separators. What
 * really stands there is for the machine to say. Throws WORKSPACE_ROOT_INVALID.
 */
export function normalizeDirectory(given: string): string {
  const refuse = (message: string) => new PilotError('WORKSPACE_ROOT_INVALID', message)
  const text = given.trim()
  if (text === '') throw refuse('Give the directory on the machine, e.g. /home/you/project.')
  if (/[\u0000-\u001f\u007f]/.test(text) || !text.isWellFormed())
    throw refuse('The directory holds a character that is not allowed.')
  if (!text.startsWith('/')) throw refuse('Give the whole path of the directory, beginning with /.')
  const segments = text.split('/').filter((segment) => segment !== '' && segment !== '.')
  if (segments.includes('..')) throw refuse('Give the path of the directory without "..".')
  if (segments.length === 0) throw refuse('The root of the file system cannot be a workspace.')
  return `/${segments.join('/')}`
}

/** How two canonical directories stand to each other, or null when neither holds the other. */
export function overlap(directory: string, other: string): 'same' | 'inside' | 'around' | null {
  if (directory === other) return 'same'
  if (directory.startsWith(`${other}/`)) return 'inside'
  if (other.startsWith(`${directory}/`)) return 'around'
  return null
}
