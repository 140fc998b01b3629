/** Name of the meta tag in which the server writes the path that the app is served below, such as `/pilot/`. */
export const BASE_META = 'pilot-base'

/** The base path as the server wrote it, always with a slash at both ends; `/` when it says nothing usable. */
export function readBase(doc: Pick<Document, 'querySelector'> | undefined): string {
  const value = doc?.querySelector(`meta[name="${BASE_META}"]`)?.getAttribute('content') ?? '/'
  return /^\/(?:[A-Za-z0-9._~-]+\/)*$/.test(value) ? value : '/'
}

/** The base path as a prefix for paths that begin with a slash: empty, or such as `/pilot`. */
export function baseUrl(base: string): string {
  return base.slice(0, -1)
}
