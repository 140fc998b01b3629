import { PilotError } from '../errors.ts'

const SQLITE_FULL = 13
const MAX_CAUSES = 5

/** `error` and what caused it, outermost first; ends after a few, so that a ring of causes does no harm. */
function* causes(error: unknown): Generator<Error> {
  let current = error
  for (let i = 0; i < MAX_CAUSES && current instanceof Error; i += 1) {
    yield current
    current = current.cause
  }
}

const isFull = (error: Error): boolean =>
  ('code' in error && error.code === 'SQLITE_FULL') ||
  ('errno' in error && error.errno === SQLITE_FULL) ||
  ('errcode' in error && error.errcode === SQLITE_FULL) ||
  /SQLITE_FULL|database or disk is full/.test(error.message)

/** A full disk becomes STORAGE_FULL; every other error is given back as it is. */
export function storageError(error: unknown): unknown {
  for (const cause of causes(error)) {
    if (cause instanceof PilotError) return cause
    if (isFull(cause)) return new PilotError('STORAGE_FULL', undefined, undefined, { cause: error })
  }
  return error
}

/**
 * The columns of a violated unique index, such as `organization.slug`, or null when `error` is something else. Works on
 * the errors of bun:sqlite, node:sqlite and D1, also when the query builder has wrapped them.
 */
export function uniqueViolation(error: unknown): string | null {
  for (const cause of causes(error)) {
    const found = /UNIQUE constraint failed: ([\w., ']+?)(?:: SQLITE_CONSTRAINT.*)?$/m.exec(cause.message)
    if (found?.[1]) return found[1]
  }
  return null
}

/** True when a row names another one that does not exist (any more). */
export function isForeignKeyViolation(error: unknown): boolean {
  for (const cause of causes(error)) if (cause.message.includes('FOREIGN KEY constraint failed')) return true
  return false
}
