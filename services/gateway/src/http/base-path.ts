/**
 * A proxy may hand over the public path with or without the base path; routes know only the latter. `/pilot/api/x` and
 * `/api/x` both become `/api/x` under the base `/pilot/`.
 */
export function stripBasePath(pathname: string, base: string): string {
  if (base === '/') return pathname
  if (pathname === base.slice(0, -1)) return '/'
  return pathname.startsWith(base) ? pathname.slice(base.length - 1) : pathname
}
