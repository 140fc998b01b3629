import { Gate } from './gate.ts'

/**
 * Reads a stream piece by piece, and not at all while it is held: then the system's own buffers fill and the writer
 * waits. Nothing is passed on after `hold` returned and before `release`, but Bun reads up to some 24 KiB ahead.
 */
export class Pump extends Gate {
  /** Passes on until the stream ends or breaks, or `take` answers false. Never rejects for the stream's sake. */
  async run(stream: ReadableStream<Uint8Array>, take: (bytes: Uint8Array) => boolean): Promise<void> {
    const reader = stream.getReader()
    for (;;) {
      while (this.released) await this.released
      // A terminal whose far side is closed ends with an error.
      const piece = await reader.read().catch(() => null)
      if (!piece || piece.done) return
      while (this.released) await this.released
      if (!take(piece.value)) return
    }
  }
}
