import { Worker } from 'node:worker_threads'
import { PilotError } from '@pilot/domain/errors'
import type { EmulatorJob, EmulatorResult } from './run-emulator.ts'
import { EMULATOR_THREAD } from './worker.ts'

/** Draws one terminal; rejects when that fails or takes too long. */
export type Emulator = (job: EmulatorJob) => Promise<EmulatorResult>

const MAX_THREADS = 2
const MAX_WAITING = 60
const TIME_LIMIT_MS = 15_000

/**
 * Draws terminals in threads that live for one drawing each, at most two at once. `file` is a script that calls
 * `serveEmulator` in such a thread: the bundled program itself. Rejects with RATE_LIMITED when too many wait.
 */
export function emulatorThreads(file: string | URL): Emulator {
  let running = 0
  const waiting: (() => void)[] = []
  return async (job) => {
    if (running >= MAX_THREADS) {
      if (waiting.length >= MAX_WAITING) throw new PilotError('RATE_LIMITED')
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    running += 1
    try {
      return await inThread(file, job)
    } finally {
      running -= 1
      waiting.shift()?.()
    }
  }
}

async function inThread(file: string | URL, job: EmulatorJob): Promise<EmulatorResult> {
  const worker = new Worker(file, { workerData: EMULATOR_THREAD, env: {}, argv: [], stdin: false })
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    return await new Promise<EmulatorResult>((resolve, reject) => {
      const failed = (cause?: unknown) =>
        reject(new PilotError('RUNTIME_ERROR', 'The terminal could not be drawn.', undefined, { cause }))
      timer = setTimeout(failed, TIME_LIMIT_MS)
      worker.once('message', (result: EmulatorResult | null) => (result ? resolve(result) : failed()))
      worker.once('error', failed)
      worker.once('exit', () => failed())
      worker.postMessage(job)
    })
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}
