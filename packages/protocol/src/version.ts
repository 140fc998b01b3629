/**
 * One line per protocol version, newest last. `schema` is the hash of the JSON Schema of every message: whoever changes
 * a message sees the test fail, then decides between a compatible change (new hash, same version) and a new version.
 */
export const PROTOCOL_HISTORY = [
  { version: 1, schema: '7a5ee8a53a9bd5bd', note: 'streams, agent watches, summaries, commands' },
  { version: 2, schema: 'dda93c64f074c230', note: 'terminals' },
] as const

/** Version that this build speaks. */
export const PROTOCOL_VERSION = 2
/** Oldest version that this build still understands. A peer whose newest is below it is closed with 4010. */
export const PROTOCOL_MIN_VERSION = 1
/** Oldest runtime release that the control plane serves, as told in `runtime.welcome`. */
export const MIN_RUNTIME_VERSION = '0.1.0'
/** Subprotocol of link R. */
export const RUNTIME_SUBPROTOCOL = 'rt.1'
