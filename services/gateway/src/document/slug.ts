import { RESERVED_ROOT_SLUGS } from '@pilot/domain/slugs'

/**
 * The organization or workspace that a page's path (below the base path) names, or null for the application's own
 * pages, which exist for everybody. A first segment that cannot be a slug is given back too: it names nothing.
 */
export function documentSlug(pathname: string): string | null {
  const [, first = ''] = pathname.split('/')
  return first === '' || RESERVED_ROOT_SLUGS.has(first) ? null : first
}
