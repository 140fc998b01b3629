import { readFile, rm } from 'node:fs/promises'
import type { TerminalId } from '@pilot/domain/entities/terminal'
import { type Basis, OutputGone, type SourceEvents, type SourceStatus, type TerminalSource } from '../source.ts'
import { LOST_REASON } from './host-source.ts'
import { hostPaths } from './paths.ts'
import { sessionProcesses } from './process-start.ts'
import { CheckpointHeadSchema, type ReadRecord } from './schemas.ts'
import { exitStatus } from './tmux/exit-file.ts'

/** What is left of a terminal whose holder is gone: how it ended, and the last picture that was stored. */
export class EndedSource implements TerminalSource {
  readonly terminalId: TerminalId
  readonly status: SourceStatus
  readonly #basis: Basis
  readonly #dismiss: () => Promise<void>

  constructor(terminalId: TerminalId, status: SourceStatus, basis: Basis, dismiss: () => Promise<void>) {
    this.terminalId = terminalId
    this.status = status
    this.#basis = basis
    this.#dismiss = dismiss
  }

  /** Reads what the holder left in its directory. */
  static async read(
    { root, temporary }: { root: string; temporary: string },
    terminalId: TerminalId,
    record: ReadRecord,
  ): Promise<EndedSource> {
    const paths = hostPaths(root, terminalId, temporary)
    const stored = await readFile(paths.checkpoint).catch(() => null)
    const picture = stored && parseCheckpoint(stored)
    const { status } = record
    const offset = picture?.offset ?? status.end_offset
    const basis: Basis = {
      offset,
      cols: picture?.cols ?? status.cols,
      rows: picture?.rows ?? status.rows,
      snapshot: picture?.snapshot ?? new Uint8Array(0),
      sizes: [],
    }
    const lost = status.state === 'running'
    // A session of tmux may have gone on without its holder, and ended by itself.
    const exitCode = lost ? exitStatus(await readFile(paths.exit, 'utf8').catch(() => '')) : null
    const last: SourceStatus = {
      ...status,
      state: lost ? 'ended' : status.state,
      exit_code: exitCode ?? status.exit_code,
      reason: lost && exitCode === null ? lostReason(status.program_pid) : status.reason,
      start_offset: offset,
      end_offset: offset,
    }
    return new EndedSource(terminalId, last, basis, async () => {
      await rm(paths.directory, { recursive: true, force: true })
      if (paths.socketDirectory) await rm(paths.socketDirectory, { recursive: true, force: true })
    })
  }

  listen(_events: SourceEvents): void {}

  async read(from: number): Promise<Uint8Array> {
    if (from !== this.#basis.offset) throw new OutputGone(this.#basis.offset)
    return new Uint8Array(0)
  }

  async basis(): Promise<Basis> {
    return this.#basis
  }

  follow(): void {}
  unfollow(): void {}
  credit(): void {}
  hold(): void {}
  write(): void {}

  accepted(): number {
    return 0
  }

  async withdraw(): Promise<number> {
    return 0
  }

  resize(): void {}
  storeCheckpoint(): void {}
  redraw(): void {}

  async end(): Promise<boolean> {
    return true
  }

  dismiss(): void {
    // Whatever cannot be removed now is found and dismissed again after the next start.
    this.#dismiss().catch(() => {})
  }

  release(): void {}
}

/** Why a terminal ended whose holder was killed, naming what ignored the hang-up and still runs. */
function lostReason(programPid: number | null): string {
  const left = programPid === null ? [] : sessionProcesses(programPid)
  if (left.length === 0) return LOST_REASON
  const names = left.slice(0, 5).map(({ pid, name }) => `${name} (${pid})`)
  return `${LOST_REASON} Still running: ${names.join(', ')}.`
}

function parseCheckpoint(stored: Buffer) {
  const line = stored.indexOf(0x0a)
  try {
    const head = CheckpointHeadSchema.parse(JSON.parse(stored.subarray(0, line).toString('utf8')))
    return { ...head, snapshot: new Uint8Array(stored.subarray(line + 1)) }
  } catch {
    return null
  }
}
