/** A tracked command without an answer. */
export const COMMAND_TIMEOUT_MS = 10_000
/** Workspace commands run longer; each progress message starts the time anew. */
export const WORKSPACE_COMMAND_TIMEOUT_MS = 120_000
export const MAX_PENDING = 1_000

/** No traffic of a runtime for this long: its link is closed. Its pings come every 20 s. */
export const STALE_AFTER_MS = 90_000
/** A runtime that stays online is written down this often. */
export const PRESENCE_EVERY_MS = 300_000
/** Sign-in and membership of every tab are looked at again this often. */
export const REVALIDATE_EVERY_MS = 300_000
/** A connected runtime that does not say hello by then is closed. */
export const HELLO_TIMEOUT_MS = 10_000
/** A request that meets a link which is just being welcomed waits this long for it. */
export const READY_WAIT_MS = 5_000

export const MAX_VIEWERS = 512
export const MAX_VIEWERS_PER_USER = 64
/** Keeps the attachment of a viewer far below its limit. */
export const MAX_WATCHES_PER_VIEWER = 64

/** Events that a viewer may leave unacknowledged before it is told to refetch. */
export const MAX_UNACKED_EVENTS = 1_000
export const MAX_UNACKED_BYTES = 1_048_576

/** Messages of one browser socket: a burst, refilled at the rate per second; above it the socket is closed 4029. */
export const VIEWER_BURST = 400
export const VIEWER_RATE = 100

/** Terminals that one tab may be attached to. */
export const MAX_TERMINALS_PER_VIEWER = 50
/** Terminals of one machine that the hub keeps track of; what it tells beyond them is not looked at. */
export const MAX_KNOWN_TERMINALS = 1_000
/** `terminal.ack` of one browser socket: 128 KiB each, so this is far above what an emulator parses. */
export const VIEWER_ACK_BURST = 2_000
export const VIEWER_ACK_RATE = 1_000
/** Small input frames of one browser socket (keys, mouse reports); large ones are bounded by what is accepted. */
export const VIEWER_FRAME_BURST = 2_000
export const VIEWER_FRAME_RATE = 1_000
export const SMALL_FRAME_BYTES = 1_024
/** A furthest acknowledged offset goes to the runtime at once when it moved this far, else after `ACK_COALESCE_MS`. */
export const ACK_STEP_BYTES = 16_384
export const ACK_COALESCE_MS = 25

/** A terminal that a machine's hello lacks is lost when it has not come back by then, or when the next one lacks it. */
export const TERMINAL_LOST_MS = 90_000
/** Size and mode of a terminal are written down at most this often, its activity at most every `ACTIVITY_EVERY_MS`. */
export const TERMINAL_ROW_EVERY_MS = 3_000
export const ACTIVITY_EVERY_MS = 60_000
