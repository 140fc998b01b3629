import { newId } from '@pilot/domain/ids'

const ACCEPTED = /^[A-Za-z0-9_-]{8,80}$/

/** The caller's correlation id when it is well-formed, else a fresh one. */
export function requestIdOf(headers: Headers): string {
  for (const name of ['x-pilot-request-id', 'x-request-id']) {
    const given = headers.get(name)
    if (given !== null && ACCEPTED.test(given)) return given
  }
  return newId('request')
}
