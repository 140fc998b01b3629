import { restartDelay, STABLE_MS } from './backoff.ts'

export interface ChildOptions {
  name: string
  /** Arguments after this program's own path: the child is the same program with another command. */
  args: string[]
  env: Record<string, string | undefined>
  /** Written to the child's stdin, which then stays open: its end tells the child that the supervisor is gone. */
  firstLine?: () => Promise<string>
  onRestart: (name: string, code: number | null) => void
}

/** How long a child may take to stop before it is killed. */
const STOP_MS = 10_000

/** The command line that starts this program again, from source, from the bundle or as a compiled binary. */
export function selfCommand(): string[] {
  const script = process.argv[1]
  const compiled = !script || script.startsWith('/$bunfs/')
  return compiled ? [process.execPath] : [process.execPath, script]
}

/** Keeps one child process running until `stop`. A crash restarts it with a growing delay. */
export function superviseChild(options: ChildOptions) {
  let stopping = false
  let attempt = 0
  let wake: (() => void) | undefined
  let current: Bun.Subprocess<'pipe', 'inherit', 'inherit'> | undefined

  async function runOnce(): Promise<number> {
    const child = Bun.spawn([...selfCommand(), ...options.args], {
      stdin: 'pipe',
      stdout: 'inherit',
      stderr: 'inherit',
      env: options.env,
    })
    current = child
    if (options.firstLine) {
      child.stdin.write(`${await options.firstLine()}\n`)
      await child.stdin.flush()
    }
    return await child.exited
  }

  async function loop(): Promise<void> {
    while (!stopping) {
      const began = performance.now()
      const code = await runOnce().catch(() => null)
      if (stopping) return
      attempt = performance.now() - began > STABLE_MS ? 0 : attempt + 1
      options.onRestart(options.name, code)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, restartDelay(attempt - 1))
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  const ended = loop()
  return {
    get pid() {
      return current?.pid
    },
    /** Ends the child: politely, then by force. */
    async stop(): Promise<void> {
      stopping = true
      wake?.()
      const child = current
      if (child && child.exitCode === null) {
        child.kill('SIGTERM')
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
        await child.exited
        clearTimeout(timer)
      }
      await ended
    },
  }
}
export type SupervisedChild = ReturnType<typeof superviseChild>
