import { endTerminals } from '@pilot/runtime/pty-host/local-terminals'
import { lockHolder } from '../lock.ts'
import { nameTerminals } from './terminals.ts'

export interface StopOptions {
  home: string
  /** End the terminals, too. */
  terminals: boolean
  print: (line: string) => void
}

/** How long `pilot up` may take to stop its children in order. */
const STOP_MS = 30_000
const POLL_MS = 50

/** Stops the `pilot up` of this home, and with `terminals` everything that runs in terminals. Returns the exit code. */
export async function stop({ home, terminals, print }: StopOptions): Promise<number> {
  const pid = lockHolder(home, 'up')
  if (pid === null) print('Pilot is not running here.')
  else if (!(await stopped(home, pid))) {
    print(`Pilot (process ${pid}) did not stop within 30 s.`)
    return 1
  } else print('Pilot has stopped.')
  if (!terminals) {
    // `pilot up` itself named them when it stopped, but in another terminal than this one.
    await nameTerminals(home, print)
    return 0
  }
  const left = await endTerminals(home)
  if (left.length === 0) {
    print('Every terminal has ended.')
    return 0
  }
  print('These could not be ended:')
  for (const { terminalId, hostPid } of left) print(`  ${terminalId}  process ${hostPid}`)
  return 1
}

async function stopped(home: string, pid: number): Promise<boolean> {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    return true
  }
  const deadline = performance.now() + STOP_MS
  while (lockHolder(home, 'up') === pid) {
    if (performance.now() > deadline) return false
    await Bun.sleep(POLL_MS)
  }
  return true
}
