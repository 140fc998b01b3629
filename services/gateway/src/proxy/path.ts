import { PilotError } from '@pilot/domain/errors'

const LONGEST_PATH = 4_096

/**
 * The path below the workspace that is handed to the machine: decoded exactly once, refused when it tries to climb, and
 * encoded again in one canonical form. Throws VALIDATION_FAILED.
 */
export function canonicalPath(raw: string): string {
  const refuse = () => new PilotError('VALIDATION_FAILED', 'The path of this request is not valid.')
  if (raw.length > LONGEST_PATH) throw refuse()
  const segments = raw.split('/').map((segment) => {
    let decoded: string
    try {
      decoded = decodeURIComponent(segment)
    } catch {
      throw refuse()
    }
    if (decoded === '.' || decoded === '..' || /[/\\\u0000-\u001f\u007f]/.test(decoded)) throw refuse()
    // A second layer of encoding would be decoded further down the line, by somebody who trusts this check.
    if (/%(?:2e|2f|5c|00|25)/i.test(decoded)) throw refuse()
    return encodeURIComponent(decoded)
  })
  const path = `/${segments.filter((segment) => segment !== '').join('/')}`
  return path
}
