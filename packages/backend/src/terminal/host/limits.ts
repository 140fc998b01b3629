/**
 * Bounds of the process that holds a terminal. This process is small on purpose (two megabytes of its own, and there may
 * be fifty of them), so nothing that it imports may import a schema library; what it reads is checked by hand.
 */
export const PROTOCOL_VERSION = 1
/** Bytes of output that are kept; the ring begins at `RING_MIN` and doubles on demand. */
export const RING_MAX = 2 * 1024 * 1024
export const RING_MIN = 64 * 1024
/** Distance between two states that a replay may begin from. */
export const ANCHOR_EVERY = 64 * 1024
/** A replay from an anchor is offered only while this much of the ring is left before it falls out. */
export const ANCHOR_SLACK = 512 * 1024
/** A checkpoint is asked for once this many bytes follow the newest picture, and the program is held at `HOLD_AT`. */
export const CHECKPOINT_AT = 512 * 1024
export const CHECKPOINT_HOLD_AT = RING_MAX / 2
/**
 * A checkpoint with this much of the ring before it is made anew when the lines of history that it holds are not to be
 * had otherwise: those that are further back than the states that a replay may begin from.
 */
export const CHECKPOINT_RENEW = ANCHOR_SLACK + 256 * 1024
/** Life of a hold that is not renewed, and of the wait for a checkpoint. */
export const HOLD_LEASE_MS = 10_000
/** Largest output frame. */
export const OUTPUT_FRAME_MAX = 64 * 1024
/** Largest answer to one read. */
export const READ_MAX = 256 * 1024
/** Small output waits this long for more, except after input. */
export const COALESCE_MS = 4
/** Largest frame that either side takes: a picture with a long history is the largest thing there is. */
export const FRAME_MAX = 8 * 1024 * 1024
/** Bytes of one writer that wait for the program to read: what a tab may have under way. */
export const WRITER_QUEUE_MAX = 256 * 1024
/** Bytes of all writers together: room for 64 of them that paste at once into a program that does not read. */
export const INPUT_TOTAL_MAX = 64 * WRITER_QUEUE_MAX
/**
 * Bytes that are given to the kernel in one go: what is lost of the count when the kernel takes a part of them. Below
 * the 4,095 that a terminal takes at once: Bun 1.4.4 never says that a larger write is done.
 */
export const INPUT_CHUNK = 2 * 1024
/** Writers whose counts are kept. */
export const WRITERS_MAX = 256
export const WRITER_ID_MAX = 128
export const TITLE_MAX = 256
export const SIZES_MAX = 1_024
export const COLS_MIN = 2
export const COLS_MAX = 1_000
export const ROWS_MIN = 1
export const ROWS_MAX = 500
