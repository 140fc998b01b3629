import { PilotError, toPilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { Clock } from '@pilot/protocol/link/clock'
import type { TerminalCloseMessage } from '@pilot/protocol/messages/terminal-close'
import type { RuntimeTerminalModeMessage } from '@pilot/protocol/messages/terminal-mode'
import type { TerminalOpenMessage } from '@pilot/protocol/messages/terminal-open'
import { MAX_TERMINALS_PER_RUNTIME, type TerminalStatus } from '@pilot/protocol/terminal/model'
import { createSerially } from '../serially.ts'
import { ManagedTerminal } from './managed-terminal.ts'
import type { SourceLauncher, SourceSpec, TerminalSource } from './source.ts'
import { StatusFanout } from './status-fanout.ts'
import type { TerminalRow, TerminalStore } from './store.ts'

/** What opening needs to know; `workspace_id` was checked by the caller. */
export type OpenOrder = Pick<
  TerminalOpenMessage,
  'terminal_id' | 'workspace_id' | 'launch' | 'cwd' | 'agent_session_id' | 'source' | 'cols' | 'rows' | 'limit'
>

export interface TerminalServiceDeps {
  store: TerminalStore
  launcher: SourceLauncher
  clock: Clock
  /** Finds program, directory and environment. Throws VALIDATION_FAILED, PATH_OUTSIDE_WORKSPACE, NOT_FOUND. */
  prepare(order: OpenOrder): Promise<SourceSpec>
  /** Makes a picture of the terminal and stores it; never rejects. */
  checkpoint(source: TerminalSource): Promise<void>
  /** Operator's log; never sees what a terminal prints. */
  log(message: string, fields: Record<string, unknown>): void
}

export interface TerminalEvent {
  workspace_id: Id<'workspace'>
  terminal: TerminalStatus
  closed: boolean
  bell: boolean
}

const HANG_UP_MS = 3_000
const KILL_MS = 2_000
const MOVED_AWAY_MS = 60_000

/**
 * The terminals of this machine. Their programs live in processes of their own, so this only opens, finds, scopes and
 * closes them; what is written to a viewer is the link's affair.
 */
export class TerminalService {
  readonly #deps: TerminalServiceDeps
  readonly #terminals = new Map<Id<'terminal'>, ManagedTerminal>()
  readonly #opening = new Set<Id<'terminal'>>()
  readonly #serially = createSerially<string>()
  readonly #fanout: StatusFanout
  readonly #leaving = new Map<Id<'workspace'>, () => void>()
  readonly #replaced = new Set<(terminal: ManagedTerminal, goesOn: boolean) => void>()
  #stopped = false

  constructor(deps: TerminalServiceDeps) {
    this.#deps = deps
    this.#fanout = new StatusFanout(deps.clock)
  }

  /** Takes up every terminal that outlived the last daemon. Rows without one are gone and are forgotten. */
  async start(): Promise<void> {
    const rows = new Map(this.#deps.store.all().map((row) => [row.terminal_id, row]))
    for (const source of await this.#deps.launcher.adopt()) {
      const row = rows.get(source.terminalId)
      if (row) {
        rows.delete(row.terminal_id)
        this.#manage(row, source)
      } else {
        this.#deps.log('a terminal belongs to no workspace of this machine', { terminal_id: source.terminalId })
        source.release()
      }
    }
    for (const terminalId of rows.keys()) this.#deps.store.remove(terminalId)
  }

  /** Gives every connection up; the programs go on. */
  stop(): void {
    this.#stopped = true
    this.#fanout.clear()
    for (const cancel of this.#leaving.values()) cancel()
    this.#leaving.clear()
    for (const terminal of this.#terminals.values()) terminal.source.release()
    this.#terminals.clear()
  }

  /** A terminal of this workspace; one of another is NOT_FOUND, too. */
  find(workspaceId: Id<'workspace'>, terminalId: Id<'terminal'>): ManagedTerminal {
    const terminal = this.#terminals.get(terminalId)
    if (terminal?.row.workspace_id !== workspaceId) throw new PilotError('NOT_FOUND')
    return terminal
  }

  /** All of them, as hello tells them. */
  statuses(): (TerminalStatus & { workspace_id: Id<'workspace'> })[] {
    return [...this.#terminals.values()].map((terminal) => ({
      ...terminal.status(),
      workspace_id: terminal.row.workspace_id,
    }))
  }

  /** Terminals whose program runs. */
  running(): TerminalStatus[] {
    return [...this.#terminals.values()].filter((terminal) => terminal.running).map((terminal) => terminal.status())
  }

  /** Called on every change of a terminal. Returns the function that ends it. */
  subscribe(listener: (event: TerminalEvent) => void): () => void {
    return this.#fanout.subscribe(listener)
  }

  /**
   * Called when what was known of a terminal no longer holds. `goesOn`: there is another one in its place, to which its
   * viewers attach anew; otherwise it is gone, or it shows nothing more than they have.
   */
  onReplaced(listener: (terminal: ManagedTerminal, goesOn: boolean) => void): () => void {
    this.#replaced.add(listener)
    return () => this.#replaced.delete(listener)
  }

  /** Starts a terminal, or answers for the one that runs under this id. An ended one gets a new program. */
  open(order: OpenOrder): Promise<TerminalStatus> {
    return this.#serially(order.terminal_id, async () => {
      const { terminal_id } = order
      const known = this.#terminals.get(terminal_id)
      if (known && known.row.workspace_id !== order.workspace_id) throw new PilotError('NOT_FOUND')
      if (known?.running) return known.status()
      if (this.#stopped) throw new PilotError('RUNTIME_OFFLINE')
      this.#assertRoom(terminal_id, order.limit)
      this.#opening.add(terminal_id)
      try {
        const spec = await this.#deps.prepare(order)
        if (known) this.#dismiss(known)
        const opened = await this.#launch(order, spec)
        if (known) this.#tellReplaced(known, true)
        return opened.status()
      } catch (cause) {
        if (known && !this.#terminals.has(terminal_id)) this.#tellReplaced(known, false)
        throw cause
      } finally {
        this.#opening.delete(terminal_id)
      }
    })
  }

  /**
   * Ends the program and forgets the terminal. CONFLICT when the program ignores the hang-up and `force` is not given.
   */
  close(order: Pick<TerminalCloseMessage, 'terminal_id' | 'workspace_id' | 'force'>): Promise<void> {
    return this.#serially(order.terminal_id, async () => {
      const terminal = this.#terminals.get(order.terminal_id)
      if (!terminal) return
      if (terminal.row.workspace_id !== order.workspace_id) throw new PilotError('NOT_FOUND')
      const gone =
        !terminal.running ||
        (await terminal.source.end({ force: order.force, graceMs: order.force ? KILL_MS : HANG_UP_MS }))
      if (!gone) {
        throw new PilotError(
          'CONFLICT',
          'The program ignores the request to end. Close it with force, or end it in the terminal.',
        )
      }
      const last = { workspace_id: terminal.row.workspace_id, terminal: terminal.status() }
      this.#dismiss(terminal)
      this.#tellReplaced(terminal, false)
      this.#deps.store.remove(terminal.id)
      this.#fanout.last({ ...last, closed: true, bell: false })
    })
  }

  /** Who may type. CONFLICT when somebody else holds it and it is not taken over. */
  setMode(order: Omit<RuntimeTerminalModeMessage, 'schema_version' | 'type' | 'request_id' | 'generation'>): void {
    const terminal = this.find(order.workspace_id, order.terminal_id)
    const { mode, holder } = terminal.row
    const { user_id } = order.actor
    if (mode === 'exclusive' && holder !== user_id && !order.take_over) {
      throw new PilotError('CONFLICT', 'Somebody else has this terminal to themselves. Take it over to change that.')
    }
    const next = order.mode === 'exclusive' ? user_id : null
    if (mode === order.mode && holder === next) return
    terminal.row = { ...terminal.row, mode: order.mode, holder: next }
    this.#deps.store.put(terminal.row)
    this.#changed(terminal)
  }

  /** The workspace is not served here any more: its terminals are closed soon, unless it comes back. */
  workspaceGone(workspaceId: Id<'workspace'>): void {
    if (this.#leaving.has(workspaceId) || this.#stopped) return
    const cancel = this.#deps.clock.after(MOVED_AWAY_MS, () => {
      this.#leaving.delete(workspaceId)
      for (const { id, row } of [...this.#terminals.values()]) {
        if (row.workspace_id !== workspaceId) continue
        this.close({ terminal_id: id, workspace_id: workspaceId, force: true }).catch((cause: unknown) => {
          this.#deps.log('a terminal could not be closed', { terminal_id: id, code: toPilotError(cause).code })
        })
      }
    })
    this.#leaving.set(workspaceId, cancel)
  }

  /** What is served now: who comes back keeps its terminals, who is missing loses them after the same time. */
  workspacesServed(served: ReadonlySet<Id<'workspace'>>): void {
    for (const workspaceId of served) {
      this.#leaving.get(workspaceId)?.()
      this.#leaving.delete(workspaceId)
    }
    for (const { row } of this.#terminals.values()) {
      if (!served.has(row.workspace_id)) this.workspaceGone(row.workspace_id)
    }
  }

  #assertRoom(terminalId: Id<'terminal'>, limit: number): void {
    const cap = Math.min(limit, MAX_TERMINALS_PER_RUNTIME)
    const held = new Set([...this.#terminals.keys(), ...this.#opening])
    held.delete(terminalId)
    if (held.size < cap) return
    throw new PilotError(
      'LIMIT_REACHED',
      `This machine holds ${held.size} terminals, which is as many as it may. Close one first.`,
      { limit: cap },
    )
  }

  async #launch(order: OpenOrder, spec: SourceSpec): Promise<ManagedTerminal> {
    const { terminal_id, workspace_id, launch, source: kind } = order
    const created_at = new Date(this.#deps.clock.now())
    const row: TerminalRow = {
      ...{ terminal_id, workspace_id, launch, cwd: spec.cwd, source: kind, created_at },
      ...{ mode: 'shared', holder: null },
    }
    // Written first: a program whose daemon died while it was started is found again.
    this.#deps.store.put(row)
    try {
      const source = await this.#deps.launcher.start(spec)
      const terminal = this.#manage(row, source)
      this.#changed(terminal)
      return terminal
    } catch (cause) {
      this.#deps.store.remove(terminal_id)
      throw cause
    }
  }

  #manage(row: TerminalRow, source: TerminalSource): ManagedTerminal {
    const terminal: ManagedTerminal = new ManagedTerminal(row, source, {
      onStatus: () => this.#changed(terminal),
      onBell: () => this.#changed(terminal, true),
      onCheckpointWanted: () => void this.#deps.checkpoint(source),
      onLost: () => void this.#recover(terminal),
    })
    this.#terminals.set(row.terminal_id, terminal)
    return terminal
  }

  /** The program has ended: its holder may go, too. */
  #dismiss(terminal: ManagedTerminal): void {
    this.#terminals.delete(terminal.id)
    this.#fanout.forget(terminal.id)
    if (!terminal.lost) terminal.source.dismiss()
    terminal.source.release()
  }

  #tellReplaced(terminal: ManagedTerminal, goesOn: boolean): void {
    for (const listener of this.#replaced) listener(terminal, goesOn)
  }

  /** Only the connection may be gone; a holder that was killed leaves its last picture. Never rejects. */
  async #recover(terminal: ManagedTerminal): Promise<void> {
    this.#changed(terminal)
    await this.#serially(terminal.id, async () => {
      if (this.#stopped || this.#terminals.get(terminal.id) !== terminal) return
      const [source] = await this.#deps.launcher.adopt(terminal.id)
      if (!source) return
      const found = this.#manage(terminal.row, source)
      this.#tellReplaced(terminal, found.running)
      this.#changed(found)
    }).catch((cause: unknown) => {
      this.#deps.log('a terminal could not be reached again', {
        terminal_id: terminal.id,
        code: toPilotError(cause).code,
      })
    })
  }

  #changed(terminal: ManagedTerminal, bell = false): void {
    if (this.#terminals.get(terminal.id) !== terminal) return
    const { workspace_id } = terminal.row
    this.#fanout.changed(terminal.id, bell, (rang) => ({
      workspace_id,
      terminal: terminal.status(),
      closed: false,
      bell: rang,
    }))
  }
}
