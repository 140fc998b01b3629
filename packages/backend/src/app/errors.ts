import { PilotError, toPilotError } from '@pilot/domain/errors'

const FULL = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL', 'SQLITE_IOERR_WRITE'])

/**
 * What a failure on this machine means to a client. A full disk has its own code, wherever it showed; everything that
 * nobody expected becomes INTERNAL and keeps its cause for the log.
 */
export function machineError(cause: unknown): PilotError {
  for (let at: unknown = cause, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : ''
    if (FULL.has(code) || /database or disk is full|no space left on device/i.test(at.message)) {
      return new PilotError('STORAGE_FULL', undefined, undefined, { cause })
    }
  }
  return toPilotError(cause)
}
