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
