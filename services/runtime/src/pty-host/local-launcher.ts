import { spawn, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { hostLauncher } from '@pilot/backend/terminal/host/launcher'
import { terminalsRoot } from '@pilot/backend/terminal/host/paths'
import type { SourceLauncher } from '@pilot/backend/terminal/source'

const SCOPE_CHECK_MS = 3_000
/**
 * There may be fifty of these processes, each with little to do: a heap that grows in small steps and has no helper
 * threads, and memory that goes back to the system 5 ms after it was used, take 1.1 MiB less of 6; text passes as fast.
 * Terminals do not inherit any of it.
 */
const SMALL_HEAP = { BUN_JSC_forceMiniVMMode: '1', BUN_JSC_numberOfGCMarkers: '1', MIMALLOC_PURGE_DELAY: '5' }

/** The terminals of this machine. `command` starts a holder, such as this program with `pty-host`. */
export function localLauncher(home: string, command: readonly [string, ...string[]]): SourceLauncher {
  return hostLauncher({
    root: terminalsRoot(home),
    command,
    spawn,
    temporary: socketDirectory(),
    scope: transientScope(),
    env: { ...process.env, ...SMALL_HEAP },
  })
}

/** Where sockets go whose path below PILOT_HOME would be too long. */
export const socketDirectory = () => process.env.XDG_RUNTIME_DIR || tmpdir()

/**
 * Where a systemd manages this user's processes, terminals run in a scope of their own: it would end them with the
 * daemon's otherwise. Elsewhere a session of their own is enough. Empty when there is no such systemd.
 */
function transientScope(): string[] {
  if (process.platform !== 'linux' || !process.env.XDG_RUNTIME_DIR) return []
  const scope = ['systemd-run', '--user', '--scope', '--quiet', '--collect']
  const [program = '', ...args] = scope
  const { status } = spawnSync(program, [...args, 'true'], { stdio: 'ignore', timeout: SCOPE_CHECK_MS })
  return status === 0 ? scope : []
}
