import { serveGateway } from '@pilot/gateway/shell-bun/serve'
import { appDirectory } from '../app-directory.ts'
import { prepareHome } from '../home.ts'
import { readSupervisor } from '../stdin.ts'
import { SIGNALLED, untilSignal } from '../until-signal.ts'

export interface ServeOptions {
  home: string
  port: number
  host: string
  baseUrl: string | undefined
  supervised: boolean
}

/**
 * Runs the control plane until it is told to stop. Returns the exit code: under a supervisor, an end by somebody else's
 * signal is not a success, so that it is started again.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const supervisor = options.supervised ? readSupervisor(Bun.stdin.stream()).ended : new Promise<void>(() => {})
  const gateway = await serveGateway({
    home: prepareHome(options.home),
    port: options.port,
    host: options.host,
    baseUrl: options.baseUrl,
    stage: stage(),
    appDir: appDirectory(),
  })
  const code = await Promise.race([
    untilSignal().then(() => (options.supervised ? SIGNALLED : 0)),
    supervisor.then(() => 0),
  ])
  await gateway.stop()
  return code
}

/** `dev` and `test` have effect only where the dev sign-in was compiled in. */
function stage(): 'production' | 'dev' | 'test' {
  const value = process.env.PILOT_STAGE
  return value === 'dev' || value === 'test' ? value : 'production'
}
