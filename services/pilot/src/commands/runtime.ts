import { hostname } from 'node:os'
import { runDaemon } from '@pilot/runtime/daemon'
import { z } from 'zod'
import { prepareHome } from '../home.ts'
import { readSupervisor } from '../stdin.ts'
import { SIGNALLED, untilSignal } from '../until-signal.ts'
import { MODEL_VARIABLES } from '../up/model-environment.ts'

const StartupSchema = z.object({
  control_url: z.url(),
  enrollment_token: z.string().optional(),
  model_environment: z.partialRecord(z.enum(MODEL_VARIABLES), z.string()).default({}),
})

export interface RuntimeOptions {
  home: string
  label: string | undefined
  allowRoot: boolean
  /** True under `pilot up`: the daemon ends with its supervisor. */
  supervised: boolean
}

/**
 * Runs the daemon of this machine. Where to dial, and the enrolment token the first time, come as one line of JSON on
 * stdin: a token in an argument or in the environment could be read by other processes. Returns the exit code.
 */
export async function runtime(options: RuntimeOptions): Promise<number> {
  const { firstLine, ended } = readSupervisor(Bun.stdin.stream())
  const startup = StartupSchema.safeParse(parseJson(await firstLine))
  if (!startup.success) {
    process.stderr.write('Write {"control_url": "https://…", "enrollment_token": "…"} on stdin, or use "pilot join".\n')
    return 2
  }
  const { control_url, enrollment_token, model_environment } = startup.data
  // Only this process's own copy: the daemon takes the keys out of it again before anything is started.
  Object.assign(process.env, model_environment)
  return runUntilStopped(
    { ...options, control: { url: control_url, enrollment_token } },
    options.supervised ? ended : undefined,
  )
}

/** Runs the daemon until a signal, the supervisor's end, or its own end (revoked: 0). Returns the exit code. */
export async function runUntilStopped(
  options: Pick<RuntimeOptions, 'home' | 'label' | 'allowRoot'> & {
    control: { url: string; enrollment_token: string | undefined }
  },
  supervisorGone?: Promise<void>,
): Promise<number> {
  const daemon = await runDaemon({
    home: prepareHome(options.home),
    control: options.control,
    label: options.label ?? hostname(),
    allowRoot: options.allowRoot,
  })
  const code = await Promise.race([
    daemon.exited,
    // Under a supervisor, an end by somebody else's signal is not a success, so that the daemon is started again.
    untilSignal().then(() => (supervisorGone ? SIGNALLED : 0)),
    ...(supervisorGone ? [supervisorGone.then(() => 0)] : []),
  ])
  await daemon.stop()
  return code
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
