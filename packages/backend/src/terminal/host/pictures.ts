import type { SizeAt } from '@pilot/protocol/terminal/model'
import type { Picture } from '../source.ts'
import { ANCHOR_EVERY, ANCHOR_SLACK, CHECKPOINT_AT, CHECKPOINT_HOLD_AT, CHECKPOINT_RENEW } from './limits.ts'
import type { Ring } from './ring.ts'
import type { Anchor, ScreenTracker } from './screen-tracker.ts'
import type { Sizes } from './sizes.ts'

export interface Checkpoint extends SizeAt {
  snapshot: Uint8Array
}

/** Finds what a screen can be rebuilt from: the whole output, a state inside the ring, or a stored checkpoint. */
export class Pictures {
  #checkpoint: Checkpoint | null = null

  constructor(
    private readonly ring: Ring,
    private readonly tracker: ScreenTracker,
    private readonly sizes: Sizes,
  ) {}

  /** Keeps a checkpoint, unless it is older than the one there is or belongs to output that was never made. */
  store(checkpoint: Checkpoint): boolean {
    if (checkpoint.offset > this.ring.end || checkpoint.offset < (this.#checkpoint?.offset ?? 0)) return false
    this.#checkpoint = checkpoint
    return true
  }

  get checkpoint(): Checkpoint | null {
    return this.#checkpoint
  }

  /** Offset of the newest picture that output could be replayed from. */
  get newest(): number {
    const whole = this.ring.start === 0 ? 0 : -1
    return Math.max(whole, this.#checkpoint?.offset ?? -1, this.tracker.newestAnchor?.offset ?? -1)
  }

  /** True when the bytes after the newest picture, or the history of the longest one, are about to leave the ring. */
  get checkpointWanted(): boolean {
    return this.ring.end - this.newest > CHECKPOINT_AT || this.#historyLeaves
  }

  get #historyLeaves(): boolean {
    const { start } = this.ring
    const checkpoint = this.#checkpoint
    if (!checkpoint || start === 0 || checkpoint.offset < start) return false
    if (checkpoint.offset >= start + CHECKPOINT_RENEW) return false
    const anchor = this.tracker.anchorFrom(start + ANCHOR_SLACK)
    return anchor === null || anchor.offset > start + ANCHOR_SLACK + 2 * ANCHOR_EVERY
  }

  /** Output past this offset would put the newest picture out of reach. */
  get holdAt(): number {
    return this.newest + CHECKPOINT_HOLD_AT
  }

  /** What to draw first: the picture with the longest history that will not fall out of the ring while it is sent. */
  basis(): Picture {
    const { ring, sizes } = this
    if (ring.start === 0 && ring.end <= ring.max - ANCHOR_SLACK) return this.#picture(0, new Uint8Array(0))
    const safe = ring.start === 0 ? 0 : Math.min(ring.start + ANCHOR_SLACK, ring.end)
    const anchor = this.tracker.anchorFrom(safe) ?? this.tracker.anchorFrom(ring.start)
    const checkpoint = this.#checkpoint && this.#checkpoint.offset >= ring.start ? this.#checkpoint : null
    if (anchor && !(checkpoint && reachesFurther(checkpoint, anchor, safe)))
      return this.#picture(anchor.offset, anchor.sequences())
    if (checkpoint) {
      const { offset, cols, rows, snapshot } = checkpoint
      return { offset, cols, rows, snapshot, sizes: sizes.after(offset), approximate: false }
    }
    if (ring.start === 0) return this.#picture(0, new Uint8Array(0))
    // The lines are there, and the program draws the screen anew where it may differ.
    const doubtful = this.tracker.doubtfulFrom(safe) ?? this.tracker.doubtfulFrom(ring.start)
    if (doubtful) return { ...this.#picture(doubtful.offset, doubtful.sequences()), approximate: true }
    // Nothing holds: the tracked modes on an empty screen at the end, to be drawn by the program itself.
    return { ...this.#picture(ring.end, this.tracker.sequences()), approximate: true }
  }

  #picture(offset: number, snapshot: Uint8Array): Picture {
    const { cols, rows } = this.sizes.at(offset) ?? this.sizes.last
    return { offset, cols, rows, snapshot, sizes: this.sizes.after(offset), approximate: false }
  }
}

/** A checkpoint brings lines of before it along, which a replay from the same place would not have. */
const reachesFurther = (checkpoint: Checkpoint, anchor: Anchor, safe: number) =>
  anchor.offset < safe || (checkpoint.offset >= safe && checkpoint.offset <= anchor.offset)
