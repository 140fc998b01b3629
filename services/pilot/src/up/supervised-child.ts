import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { restartDelay, STABLE_MS } from './backoff.ts'

export interface ChildOptions {
  name: string
  command: string[]
  env: Record<string, string | undefined>
  /** Written to the child's stdin, which then stays open: its end tells the child that the supervisor is gone. */
  firstLine?: () => Promise<string>
  onRestart: (name: string, code: number | null) => void
}

/** How long a child may take to stop before it is killed. */
const STOP_MS = 12_000

/** The command line that starts this program again, from source, from the bundle or as a compiled binary. */
export function selfCommand(): string[] {
  const script = process.argv[1]
  const compiled = !script || script.startsWith('/$bunfs/')
  return compiled ? [process.execPath] : [process.execPath, script]
}

/** Keeps one child process running until `stop`. A crash restarts it with a growing delay; an end with code 0 is final. */
export function superviseChild(options: ChildOptions) {
  let stopping = false
  let attempt = 0
  let wake: (() => void) | undefined
  let current: ChildProcess | undefined

  async function runOnce(): Promise<number | null> {
    const [program = '', ...args] = options.command
    // A group of its own: Ctrl-C in the terminal reaches the supervisor alone, which then stops its children in order.
    const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'], env: options.env, detached: true })
    current = child
    const exited = once(child, 'exit') as Promise<[number | null]>
    // A child that is already gone breaks its pipe; its exit says all there is to say.
    child.stdin?.on('error', () => {})
    if (options.firstLine) child.stdin?.write(`${await options.firstLine()}\n`)
    const [code] = await exited
    return code
  }

  async function loop(): Promise<void> {
    while (!stopping) {
      const began = performance.now()
      const code = await runOnce().catch(() => null)
      if (stopping) return
      // A child that ends by itself with 0 has said why: a revoked or copied machine must not dial in again.
      if (code === 0) return
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
      if (child && child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit')
        child.kill('SIGTERM')
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
        await exited
        clearTimeout(timer)
      }
      await ended
    },
  }
}
export type SupervisedChild = ReturnType<typeof superviseChild>
