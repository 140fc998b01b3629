import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { emulatorThreads } from '@pilot/backend/terminal/emulator/pool'
import { webSocketFactory } from '@pilot/protocol/link/socket'
import { RUNTIME_SUBPROTOCOL } from '@pilot/protocol/version'
import { createLog, type Log } from './log.ts'
import { localLauncher } from './pty-host/local-launcher.ts'
import { type Daemon, type DaemonOptions, startDaemon } from './start-daemon.ts'

export type { Daemon } from './start-daemon.ts'

/** Bun's client takes headers, which the browser's type does not know. */
const BunWebSocket = WebSocket as unknown as new (
  url: string,
  options: { headers: Record<string, string>; protocols: string[] },
) => WebSocket

/**
 * Runs the daemon of this machine under Bun. See `startDaemon` for what it does and throws; the caller turns signals
 * into `stop()` and `exited` into the exit code.
 */
export function runDaemon(options: Omit<DaemonOptions, 'log'> & { log?: Log }): Promise<Daemon> {
  return startDaemon(
    { ...options, log: options.log ?? createLog(process.env) },
    {
      openDatabase: (file) => new Database(file, { create: true, readwrite: true }),
      dial: (url, headers) =>
        webSocketFactory(() => new BunWebSocket(url.href, { headers, protocols: [RUNTIME_SUBPROTOCOL] })),
      env: process.env,
      uid: process.getuid?.(),
      terminals: (home) =>
        existsSync('/dev/ptmx')
          ? {
              launcher: localLauncher(home, [process.execPath, hostProgram(), 'pty-host']),
              // This program itself: its thread branches off at the beginning.
              emulator: emulatorThreads(Bun.main),
            }
          : null,
    },
  )
}

/**
 * What a terminal's host runs: the small file that the build puts beside the program, because every terminal keeps one
 * in memory; else the program itself.
 */
function hostProgram(): string {
  const beside = Bun.main.replace(/\.js$/, '-host.js')
  return existsSync(beside) ? beside : Bun.main
}
