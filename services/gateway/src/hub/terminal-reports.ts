import { toPilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { Clock } from '@pilot/protocol/link/clock'
import type { RuntimeHelloMessage } from '@pilot/protocol/messages/runtime-hello'
import type { TerminalStatus } from '@pilot/protocol/terminal/model'
import { ACTIVITY_EVERY_MS, TERMINAL_LOST_MS, TERMINAL_ROW_EVERY_MS } from './limits.ts'
import type { HubBackend, TerminalChange, TerminalOutcome, TerminalReport } from './port.ts'

export interface TerminalReportPorts {
  runtimeId: Id<'runtime'>
  clock: Clock
  backend: HubBackend
  log(message: string, fields: Record<string, unknown>): void
  /** The machine has terminals that somebody closed while it was away. */
  onUnwanted(terminals: TerminalOutcome['unwanted']): void
}

type Write = (change: Partial<TerminalChange>) => Promise<TerminalOutcome>

interface Told {
  report: TerminalReport
  end_offset: number
  /** When its activity was last written down. */
  active_at: number
}

/**
 * Keeps the rows of terminals near to what the machine says, with few writes: an end at once, a size or mode within
 * some seconds, activity once a minute, a title never (it is not in the row). One write is under way at a time.
 */
export class TerminalReports {
  readonly #ports: TerminalReportPorts
  readonly #told = new Map<Id<'terminal'>, Told>()
  readonly #dirty = new Map<Id<'terminal'>, TerminalReport>()
  readonly #closed = new Set<Id<'terminal'>>()
  /** Rows without a terminal, and when they count as lost. */
  readonly #missing = new Map<Id<'terminal'>, number>()
  #work: Promise<void> = Promise.resolve()
  #flushing = false
  #cancelTimer: (() => void) | null = null

  constructor(ports: TerminalReportPorts) {
    this.#ports = ports
  }

  /** When `onAlarm` is to be called: ms since the epoch, or null. */
  get dueAt(): number | null {
    const at = Math.min(...this.#missing.values())
    return Number.isFinite(at) ? at : null
  }

  /** The machine lists what it has. What two lists lack is lost. `onMissing`: there is a new `dueAt`. */
  hello(terminals: RuntimeHelloMessage['terminals'], onMissing: () => void): void {
    const now = this.#ports.clock.now()
    this.#told.clear()
    this.#dirty.clear()
    const reports = terminals.map((terminal) => {
      const report = reportOf(terminal.workspace_id, terminal, false)
      this.#told.set(terminal.terminal_id, { report, end_offset: terminal.end_offset, active_at: now })
      return report
    })
    this.#enqueue(async (write) => {
      const { missing, unwanted } = await write({ complete: true, reports })
      const again = missing.filter((id) => this.#missing.has(id))
      this.#missing.clear()
      for (const id of missing) if (!again.includes(id)) this.#missing.set(id, now + TERMINAL_LOST_MS)
      if (again.length > 0) await write({ lost: again })
      onMissing()
      if (unwanted.length > 0) this.#ports.onUnwanted(unwanted)
    })
  }

  /** The machine said something of one terminal. */
  changed(workspaceId: Id<'workspace'>, status: TerminalStatus): void {
    const { terminal_id, end_offset } = status
    const now = this.#ports.clock.now()
    const told = this.#told.get(terminal_id)
    const active = (told?.end_offset ?? -1) < end_offset && now - (told?.active_at ?? 0) >= ACTIVITY_EVERY_MS
    const report = reportOf(workspaceId, status, active)
    const changed = !told || !sameReport(told.report, report)
    this.#told.set(terminal_id, { report, end_offset, active_at: active || !told ? now : told.active_at })
    if (!changed && !active) return
    this.#missing.delete(terminal_id)
    const waiting = this.#dirty.get(terminal_id)
    this.#dirty.set(terminal_id, { ...report, active: active || waiting?.active === true })
    if (told?.report.state !== report.state) this.#flush()
    else this.#cancelTimer ??= this.#ports.clock.after(TERMINAL_ROW_EVERY_MS, () => this.#flush())
  }

  /** Something was typed into it or put out: noted at most once a minute. */
  active(terminalId: Id<'terminal'>): void {
    const told = this.#told.get(terminalId)
    const now = this.#ports.clock.now()
    if (!told || now - told.active_at < ACTIVITY_EVERY_MS) return
    told.active_at = now
    this.#dirty.set(terminalId, { ...told.report, active: true })
    this.#cancelTimer ??= this.#ports.clock.after(TERMINAL_ROW_EVERY_MS, () => this.#flush())
  }

  /** It left the machine's list for good. */
  closed(terminalId: Id<'terminal'>): void {
    this.#told.delete(terminalId)
    this.#dirty.delete(terminalId)
    this.#missing.delete(terminalId)
    this.#closed.add(terminalId)
    this.#flush()
  }

  /** The link is gone: while the machine is away nothing counts as lost, and what waits is written now. */
  suspend(): void {
    for (const id of this.#missing.keys()) this.#missing.set(id, Number.POSITIVE_INFINITY)
    this.#flush()
  }

  onAlarm(): void {
    const now = this.#ports.clock.now()
    const lost = [...this.#missing].filter(([, dueAt]) => dueAt <= now).map(([id]) => id)
    if (lost.length === 0) return
    for (const id of lost) this.#missing.delete(id)
    this.#enqueue(async (write) => {
      await write({ lost })
    })
  }

  #flush(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    // One that has not begun yet takes these along.
    if (this.#flushing || this.#dirty.size + this.#closed.size === 0) return
    this.#flushing = true
    this.#enqueue(async (write) => {
      this.#flushing = false
      const reports = [...this.#dirty.values()]
      const closed = [...this.#closed]
      this.#dirty.clear()
      this.#closed.clear()
      if (reports.length + closed.length > 0) await write({ reports, closed })
    })
  }

  #enqueue(work: (write: Write) => Promise<void>): void {
    const { backend, runtimeId, log } = this.#ports
    const { onTerminals } = backend
    if (!onTerminals) return
    const write: Write = (change) =>
      onTerminals.call(backend, runtimeId, { complete: false, reports: [], lost: [], closed: [], ...change })
    this.#work = this.#work.then(async () => {
      try {
        await work(write)
      } catch (cause) {
        log('terminals were not written down', { runtime: runtimeId, code: toPilotError(cause).code })
      }
    })
  }
}

function reportOf(workspace_id: Id<'workspace'>, status: TerminalStatus, active: boolean): TerminalReport {
  const { terminal_id, state, exit_code, mode, cols, rows } = status
  return { terminal_id, workspace_id, state, exit_code, mode, cols, rows, active }
}

function sameReport(a: TerminalReport, b: TerminalReport): boolean {
  return (
    a.state === b.state &&
    a.exit_code === b.exit_code &&
    a.mode === b.mode &&
    a.cols === b.cols &&
    a.rows === b.rows &&
    a.workspace_id === b.workspace_id
  )
}
