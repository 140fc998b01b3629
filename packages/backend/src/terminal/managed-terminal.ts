import type { Id } from '@pilot/domain/ids'
import type { SizeAt, TerminalStatus } from '@pilot/protocol/terminal/model'
import { SizeHistory } from './size-history.ts'
import type { SourceEvents, TerminalSource } from './source.ts'
import type { TerminalRow } from './store.ts'

/** What the present link is told of a terminal that somebody watches. */
export type WatchEvents = Pick<SourceEvents, 'onOutput' | 'onSize' | 'onAccepted'>

/** What the service does when the terminal says something that is not output. */
export interface ManagedEvents {
  onStatus(): void
  onBell(): void
  onCheckpointWanted(): void
  /** The holder, or the connection to it, is gone. */
  onLost(): void
}

const LOST = 'The process that held this terminal was ended from outside. Close the terminal or open it again.'

/** A terminal of this machine: its source, what is remembered of it, and who listens. */
export class ManagedTerminal {
  readonly source: TerminalSource
  row: TerminalRow
  /** Set by the link that has viewers of it. */
  watch: WatchEvents | null = null
  #sizes: SizeHistory
  #end: number
  #lost = false

  constructor(row: TerminalRow, source: TerminalSource, events: ManagedEvents) {
    this.row = row
    this.source = source
    const { end_offset, cols, rows } = source.status
    this.#end = end_offset
    this.#sizes = new SizeHistory({ offset: end_offset, cols, rows })
    source.listen({
      onOutput: (offset, bytes) => {
        this.#end = Math.max(this.#end, offset + bytes.length)
        this.watch?.onOutput(offset, bytes)
      },
      onSize: (size) => {
        if (this.#sizes.add(size)) this.watch?.onSize(size)
      },
      onAccepted: (writerId, upTo) => this.watch?.onAccepted(writerId, upTo),
      onStatus: () => events.onStatus(),
      onBell: () => events.onBell(),
      onCheckpointWanted: () => events.onCheckpointWanted(),
      onLost: () => {
        this.#lost = true
        events.onLost()
      },
    })
  }

  get id(): Id<'terminal'> {
    return this.row.terminal_id
  }

  /** The holder is gone: nothing can be read or written any more. */
  get lost(): boolean {
    return this.#lost
  }

  /** End of the output as far as this process knows; never goes back. */
  get end(): number {
    this.#end = Math.max(this.#end, this.source.status.end_offset)
    return this.#end
  }

  get running(): boolean {
    return !this.#lost && this.source.status.state === 'running'
  }

  /** Size at `offset` and every one after it. `known` are those that the source keeps with its picture. */
  sizesFrom(offset: number, known: readonly [SizeAt, ...SizeAt[]]): { at: SizeAt; after: SizeAt[] } {
    const last = known.at(-1)?.offset ?? 0
    const [first, ...rest] = [...this.#sizes.before(known[0].offset), ...known, ...this.#sizes.after(last)]
    const history = new SizeHistory(first ?? known[0])
    for (const size of rest) history.add(size)
    return { at: history.at(offset), after: history.after(offset) }
  }

  /** May this user type? */
  writableBy(userId: Id<'user'>): boolean {
    return this.row.mode === 'shared' || this.row.holder === userId
  }

  status(): TerminalStatus {
    const { epoch, state, exit_code, reason, title, process, cols, rows } = this.source.status
    const present = this.#lost && state === 'running' ? { state: 'error' as const, reason: LOST } : { state, reason }
    return {
      terminal_id: this.id,
      epoch,
      state: present.state,
      reason: present.reason?.slice(0, 500) ?? null,
      exit_code,
      title: oneLine(title),
      process: oneLine(process),
      cols,
      rows,
      end_offset: this.end,
      mode: this.row.mode,
      holder: this.row.holder,
    }
  }
}

/** A title comes from the program: one line, nothing that controls a terminal or turns text around. */
export function oneLine(text: string): string {
  return text
    .slice(0, 4_096)
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replaceAll(/ +/g, ' ')
    .trim()
    .toWellFormed()
    .slice(0, 256)
}
