/**
 * What this tab knows about its connection. `live` means that a probe went through to the machine and back; everything
 * else says since when it is not so. Times are ms since the epoch.
 */
export type ConnectionState =
  | { status: 'connecting'; since: number }
  | { status: 'live'; rtt_ms: number; at: number }
  | { status: 'reconnecting'; since: number; retry_at: number | null }
  | { status: 'machine_offline'; since: number }
  | { status: 'refused'; since: number; code: number | null; reason: string }

/** True when a request has a chance: only a machine or a network that is known to be away says no. */
export function mayReach(state: ConnectionState): boolean {
  return state.status === 'live' || state.status === 'connecting'
}
