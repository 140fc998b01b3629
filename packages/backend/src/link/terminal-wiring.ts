import { PilotError, toPilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { DownMessage } from '@pilot/protocol/down'
import { encodeError } from '@pilot/protocol/envelope'
import { FRAME_KIND, type Frame } from '@pilot/protocol/frame'
import type { RuntimeHelloMessage } from '@pilot/protocol/messages/runtime-hello'
import { LinkTerminals, type LinkTerminalsOptions } from '../terminal/link-terminals.ts'
import type { TerminalService } from '../terminal/service.ts'

/** Messages about terminals that are no commands: nothing is acknowledged, or the answer is a message of its own. */
export type TerminalMessage = Extract<
  DownMessage,
  { type: 'terminal.attach' | 'terminal.detach' | 'terminal.resize' | 'terminal.ack' }
>

export interface TerminalWiringOptions extends Omit<LinkTerminalsOptions, 'service'> {
  /** Null on a machine without terminals. */
  service: TerminalService | null
  /** Throws unless exactly this generation is served. */
  fence(workspaceId: Id<'workspace'>, generation: number): void
  /** Resolves once the newest welcome is applied. */
  applied(): Promise<void>
  log(message: string, fields: Record<string, unknown>): void
}

/** The terminals' part of link R: fences what names a workspace and hands it on. */
export class TerminalWiring {
  readonly #options: TerminalWiringOptions
  readonly #terminals: LinkTerminals | null

  constructor(options: TerminalWiringOptions) {
    this.#options = options
    const { service } = options
    this.#terminals = service ? new LinkTerminals({ ...options, service }) : null
  }

  /** Counters of the present link, for health and tests. */
  get stats() {
    return this.#terminals ? { ...this.#terminals.stats, ...this.#terminals.counts } : null
  }

  /** Begins to tell changes of terminals. Returns the function that ends it. */
  start(): () => void {
    return this.#terminals?.start() ?? (() => undefined)
  }

  /** What hello says of the terminals. */
  hello(): RuntimeHelloMessage['terminals'] {
    return this.#options.service?.statuses() ?? []
  }

  /** The connection is lost, or the hub was rebuilt. */
  reset(): void {
    this.#terminals?.reset()
  }

  limitFrames(bytes: number): void {
    this.#terminals?.limitFrames(bytes)
  }

  /** A control plane of before terminals does not know their messages: it is told no more of them. */
  unsupported(): void {
    this.#terminals?.mute()
  }

  /** True when the frame was one of terminals. */
  frame(frame: Frame): boolean {
    if (frame.kind !== FRAME_KIND.terminal_input) return false
    this.#terminals?.input(frame)
    return true
  }

  receive(message: TerminalMessage): void {
    // Acknowledgements name a channel of this link, which only a fenced attach has opened.
    if (message.type === 'terminal.ack') this.#terminals?.ack(message)
    else void this.#scoped(message)
  }

  async #scoped(message: Exclude<TerminalMessage, { type: 'terminal.ack' }>): Promise<void> {
    const { applied, fence, text, log } = this.#options
    try {
      await applied()
      if (!this.#terminals) throw new PilotError('CAPABILITY_UNSUPPORTED')
      // Whoever leaves may do so from an assignment that is over.
      if (message.type === 'terminal.detach') return await this.#terminals.detach(message)
      fence(message.workspace_id, message.generation)
      if (message.type === 'terminal.resize') this.#terminals.resize(message)
      else await this.#terminals.attach(message)
    } catch (cause) {
      const error = toPilotError(cause)
      if (message.type === 'terminal.attach') text(encodeError(error, message.request_id))
      else log('a message about a terminal was not taken', { type: message.type, code: error.code })
    }
  }
}
