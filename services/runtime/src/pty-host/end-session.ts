import { sessionProcesses } from '@pilot/backend/terminal/host/process-start'

const POLL_MS = 30
/** How long what was killed may take to go. */
const KILLED_MS = 2_000

/**
 * Ends everything in the session that `leader` began: a hang-up, as if its terminal had been closed, and a kill after
 * `graceMs` when `force`. True when nothing of it is left.
 */
export async function endSession(leader: number, force: boolean, graceMs: number): Promise<boolean> {
  const send = (signal: NodeJS.Signals) => {
    for (const { pid } of sessionProcesses(leader)) {
      try {
        process.kill(pid, signal)
      } catch {
        // It ended meanwhile.
      }
    }
  }
  const isGone = async (withinMs: number) => {
    const deadline = performance.now() + withinMs
    while (sessionProcesses(leader).length > 0) {
      if (performance.now() >= deadline) return false
      await Bun.sleep(POLL_MS)
    }
    return true
  }
  send('SIGHUP')
  // A stopped process sees the hang-up only when it goes on.
  send('SIGCONT')
  if (await isGone(graceMs)) return true
  if (!force) return false
  send('SIGKILL')
  return await isGone(KILLED_MS)
}
