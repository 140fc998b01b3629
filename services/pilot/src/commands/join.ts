import { createInterface } from 'node:readline/promises'
import { runUntilStopped } from './runtime.ts'

export interface JoinOptions {
  url: string
  home: string
  label: string | undefined
  allowRoot: boolean
}

/** Enrols this machine with a control plane and runs its daemon. The single-use token is asked for, or read from a pipe. */
export async function join(options: JoinOptions): Promise<number> {
  const token = await readToken()
  if (!token) {
    process.stderr.write('No enrolment token was given. Create one under Machines, Add machine.\n')
    return 2
  }
  return runUntilStopped({ ...options, control: { url: options.url, enrollment_token: token } })
}

async function readToken(): Promise<string> {
  if (!process.stdin.isTTY) return (await Bun.stdin.text()).trim()
  const prompt = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return (await prompt.question('Enrolment token: ')).trim()
  } finally {
    prompt.close()
  }
}
