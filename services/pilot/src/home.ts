import { chmodSync, mkdirSync } from 'node:fs'
import { homedir, platform } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * The one directory that holds everything Pilot keeps on this computer: a backup is a copy of it, a removal a delete.
 * `PILOT_HOME`, else the platform's data directory (XDG Base Directory on Linux, Application Support on macOS).
 */
export function defaultHome(env: Record<string, string | undefined> = process.env): string {
  if (env.PILOT_HOME) return resolve(env.PILOT_HOME)
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Pilot')
  return join(env.XDG_DATA_HOME ? resolve(env.XDG_DATA_HOME) : join(homedir(), '.local', 'share'), 'pilot')
}

/** Creates the directory if needed; readable by its owner alone. */
export function prepareHome(home: string): string {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  chmodSync(home, 0o700)
  return home
}
