import type { Id } from '@pilot/domain/ids'
import { INPUT_WINDOW } from '@pilot/protocol/terminal/model'
import type { ManagedTerminal } from './managed-terminal.ts'

/** Names a writer to the terminal's source: a tab chooses its name, so that of another user's tab is never the same. */
export const writerKey = (userId: Id<'user'>, writerId: string) => `${userId}:${writerId}`

export interface Writer {
  readonly channel: number
  readonly terminal: ManagedTerminal
  /** See `writerKey`. */
  readonly key: string
  readonly userId: Id<'user'>
  /** The size that this writer's view has. */
  cols: number
  rows: number
  /** It attaches again: nothing is taken any more on this channel. */
  closed: boolean
}

/** Who may type into which terminal over the present link, and whose size counts. */
export class Writers {
  readonly #byChannel = new Map<number, Writer>()
  /** Writer who typed last into each terminal; kept while it is attached. */
  readonly #typist = new Map<ManagedTerminal, Writer>()

  get(channel: number): Writer | undefined {
    return this.#byChannel.get(channel)
  }

  /** The writer of this terminal that has this key. */
  find(terminal: ManagedTerminal, key: string): Writer | undefined {
    return this.of(terminal).find((writer) => writer.key === key)
  }

  of(terminal: ManagedTerminal): Writer[] {
    return [...this.#byChannel.values()].filter((writer) => writer.terminal === terminal)
  }

  /** A writer that attaches again has a new channel; what still comes on the old one is not taken. */
  add(writer: Writer): void {
    const before = this.find(writer.terminal, writer.key)
    const typed = before !== undefined && this.#typist.get(writer.terminal) === before
    if (before) this.remove(before.channel)
    this.#byChannel.set(writer.channel, writer)
    if (typed) this.#typist.set(writer.terminal, writer)
    this.resize(writer, writer.cols, writer.rows)
  }

  remove(channel: number): void {
    const writer = this.#byChannel.get(channel)
    if (!writer) return
    this.#byChannel.delete(channel)
    if (this.#typist.get(writer.terminal) === writer) this.#typist.delete(writer.terminal)
  }

  clear(): void {
    this.#byChannel.clear()
    this.#typist.clear()
  }

  /** Bytes of a writer, `offset` being its own count. False when they are not taken. */
  write(writer: Writer, offset: number, bytes: Uint8Array): boolean {
    const { terminal, key, userId } = writer
    if (writer.closed || !terminal.running || !terminal.writableBy(userId)) return false
    if (offset + bytes.length > terminal.source.accepted(key) + INPUT_WINDOW) return false
    if (this.#typist.get(terminal) !== writer) {
      this.#typist.set(terminal, writer)
      this.#apply(writer)
    }
    terminal.source.write(key, offset, bytes)
    return true
  }

  /** The size that a writer's view has now; it counts when that writer typed last, is alone, or claims it. */
  resize(writer: Writer, cols: number, rows: number, claim = false): void {
    writer.cols = cols
    writer.rows = rows
    if (claim && writer.terminal.writableBy(writer.userId)) this.#typist.set(writer.terminal, writer)
    const typist = this.#typist.get(writer.terminal)
    const counts = typist ? typist === writer : this.of(writer.terminal).length === 1
    if (counts && writer.terminal.writableBy(writer.userId)) this.#apply(writer)
  }

  #apply({ terminal, cols, rows }: Writer): void {
    const { status } = terminal.source
    if (terminal.running && (status.cols !== cols || status.rows !== rows)) terminal.source.resize(cols, rows)
  }
}
