import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { EmulatorJob } from './run-emulator.ts'

/** What marks a thread as one that draws a terminal; the program's entry looks for it. */
export const EMULATOR_THREAD = 'pilot-emulator'

/** True in a thread that `emulatorThreads` has started. */
export const isEmulatorThread = (): boolean => !isMainThread && workerData === EMULATOR_THREAD

/** Runs in the thread: takes one job, answers with the result, or with null when it failed. */
export function serveEmulator(): void {
  const port = parentPort
  port?.once('message', (job: EmulatorJob) => {
    // Loaded here, because every start of the program passes this file.
    import('./run-emulator.ts')
      .then(({ runEmulator }) => runEmulator(job))
      .then(
        (result) => port.postMessage(result, [result.bytes.buffer]),
        () => port.postMessage(null),
      )
  })
}
