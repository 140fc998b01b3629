import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

/** The checkout this program runs from: two levels above this file's package, or one above the bundle in `dist`. */
export function checkoutRoot(): string | null {
  for (const candidate of [join(here, '..', '..', '..'), join(here, '..')]) {
    if (existsSync(join(candidate, 'pnpm-workspace.yaml'))) return candidate
  }
  return null
}

/** Where the built browser app lies. */
export function appDirectory(): string {
  return process.env.PILOT_APP_DIR ?? join(checkoutRoot() ?? here, 'services', 'app', 'dist', 'client')
}
