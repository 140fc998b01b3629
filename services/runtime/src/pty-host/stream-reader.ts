import { Pump } from './pump.ts'
import type { TerminalReader, TerminalReaderOptions } from './terminal-reader.ts'

/** Reads by a stream of Bun, which reads ahead of what is wanted. */
export class StreamReader extends Pump implements TerminalReader {
  #closed = false
  #ended = false

  constructor({ descriptor, onData }: TerminalReaderOptions) {
    super()
    const end = () => {
      this.#ended = true
    }
    const take = (bytes: Uint8Array) => {
      onData(bytes)
      return !this.#closed
    }
    this.run(Bun.file(descriptor).stream(), take).then(end, end)
  }

  beforeInput(): void {}

  isAtEnd(): boolean {
    return this.#ended
  }

  close(): void {
    this.#closed = true
    this.release()
  }
}
