import type { Clock } from '@pilot/protocol/link/clock'
import type { AckWindow } from './ack-window.ts'

const LOOK_MS = 20

/**
 * Looks at a paced window while it is full: the first acknowledgements are a round trip away, and until then it fills
 * with time alone.
 */
export class FillTimer {
  #cancel: (() => void) | null = null

  /** `onTime` is called after the window was told the time, and is to call `start` again while it stays full. */
  constructor(
    private readonly clock: Clock,
    private readonly window: AckWindow,
    private readonly onTime: () => void,
  ) {}

  start(acked: number): void {
    if (this.#cancel || !this.window.isPaced(acked)) return
    this.#cancel = this.clock.after(LOOK_MS, () => {
      this.#cancel = null
      this.window.onTime(this.clock.now())
      this.onTime()
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }
}
