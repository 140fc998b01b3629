import type { SizeAt } from '@pilot/protocol/terminal/model'
import type { SourceStatus } from '../source.ts'

/**
 * What a terminal's holder writes into `host.json`: enough to find it again after the daemon restarted, and to tell how
 * its terminal ended when it is gone. It holds no environment, which is where secrets are.
 */
export interface HostRecord {
  version: 1
  terminal_id: string
  pid: number
  /** When `pid` began: together they name one process for ever. */
  started: string
  socket: string
  protocol: number
  created_at: string
  launch: HostLaunch
  status: SourceStatus
}

/** A process that has this id and began then. */
export interface ProcessName {
  pid: number
  started: string
}

export type HostLaunch =
  | { kind: 'pty'; cwd: string; argv: string[] }
  /** `keeper` is the server, which makes its socket anew on SIGUSR1 when somebody deleted it. */
  | { kind: 'tmux'; cwd: string; session: string; own: boolean; server: string | null; keeper?: ProcessName }

/** The one line that the launcher writes to the holder's stdin. */
export interface HostSpec {
  terminal_id: string
  /** Directory of all terminals. */
  root: string
  /** Where a socket goes whose path would be too long. */
  temporary: string
  cwd: string
  env: Record<string, string>
  cols: number
  rows: number
  layer:
    | { kind: 'pty'; argv: string[] }
    | { kind: 'tmux'; session: string; own: boolean; server: string | null; argv: string[] }
}

/** The one line that the holder answers on stdout. Codes are those of PilotError. */
export type HostAnswer =
  | { ready: true }
  | { ready: false; code: 'VALIDATION_FAILED' | 'RUNTIME_ERROR'; message: string }

/** The head of a stored checkpoint: one line of JSON, then the snapshot. */
export type CheckpointHead = SizeAt
