import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Everything that a runtime keeps, below `PILOT_HOME/runtime`. */
export interface RuntimePaths {
  root: string
  identity: string
  database: string
  lock: string
  worktrees: string
  /** Last model settings of the control plane. */
  model: string
  /** Private directory of an instance's engine. */
  engine: (instanceId: string) => string
}

export function runtimePaths(home: string): RuntimePaths {
  const root = join(home, 'runtime')
  return {
    root,
    identity: join(root, 'identity.json'),
    database: join(root, 'runtime.db'),
    lock: join(root, 'daemon.lock'),
    worktrees: join(root, 'worktrees'),
    model: join(root, 'model.json'),
    engine: (instanceId) => join(root, 'instances', instanceId, 'engine'),
  }
}

/** Creates the directory, readable by its owner alone. */
export async function prepareRuntimeHome(paths: RuntimePaths): Promise<void> {
  await mkdir(paths.root, { recursive: true, mode: 0o700 })
  await chmod(paths.root, 0o700)
}
