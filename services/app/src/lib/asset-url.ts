import { readBase } from '@pilot/frontend/gateway/base'

/**
 * Absolute path of an asset that is written relative to the base path (`./assets/…`). The shell is built before the base
 * path is known and keeps the relative form, which the server rewrites; in a browser it would be relative to the page.
 */
export function assetUrl(relative: string): string {
  return typeof document === 'undefined' ? relative : readBase(document) + relative.slice(2)
}
