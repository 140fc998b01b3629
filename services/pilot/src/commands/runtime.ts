import { hostname } from 'node:os'
import { runDaemon } from '@pilot/runtime/daemon'
import { z } from 'zod'
import { prepareHome } from '../home.ts'
import { readSupervisor } from '../stdin.ts'
import { untilSignal } from '../until-signal.ts'

const StartupSchema = z.object({ control_url: z.url(), enrollment_token: z.string().optional() })

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
  const { control_url, enrollment_token } = startup.data
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
  supervisorGone: Promise<void> = new Promise(() => {}),
): Promise<number> {
  const daemon = await runDaemon({
    home: prepareHome(options.home),
    control: options.control,
    label: options.label ?? hostname(),
    allowRoot: options.allowRoot,
  })
  const code = await Promise.race([daemon.exited, untilSignal().then(() => 0), supervisorGone.then(() => 0)])
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
