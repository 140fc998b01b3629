import { machineError } from '@pilot/backend/app/errors'
import type { CommandHandlers } from '@pilot/backend/link/runtime-link'
import type { Backend } from './backend.ts'

export interface CommandDeps {
  registry: Backend['registry']
  /** Null on a machine without terminals. */
  terminals: Backend['terminals']
  /** Keeps the new token and uses it from the next connection on. */
  rotateToken: (token: string) => Promise<void>
  /** Stops the daemon once the answer has left. */
  shutdown: (reason: string) => void
}

/** What the control plane may order this machine to do. */
export function commandHandlers({ registry, terminals, rotateToken, shutdown }: CommandDeps): CommandHandlers {
  return {
    'workspace.prepare': ({ workspace }, progress) =>
      told(() =>
        registry.prepare(workspace, ({ step, percent }) =>
          progress({ step, message: `${step}: ${percent} %`, fraction: percent / 100 }),
        ),
      ),
    'workspace.detach': ({ workspace_id }) => told(() => registry.detach(workspace_id)),
    'workspace.remove': ({ workspace_id, force }) => told(() => registry.remove(workspace_id, force)),
    'runtime.rotate_token': ({ runtime_token }) => told(() => rotateToken(runtime_token)),
    'runtime.shutdown': async ({ reason }) => shutdown(reason),
    ...(terminals && terminalHandlers(terminals)),
  }
}

function terminalHandlers(terminals: NonNullable<Backend['terminals']>): CommandHandlers {
  return {
    'terminal.open': (order) => told(() => terminals.open(order)),
    'terminal.close': (order) => told(() => terminals.close(order)),
    'terminal.mode': async (order) => terminals.setMode(order),
  }
}

/** Gives a full disk its own code, which the control plane shows. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw machineError(cause)
  }
}
