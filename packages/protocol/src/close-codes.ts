/** Application close codes of every link. */
export const CLOSE = {
  /** The other end stops or restarts, or the workspace moved: connect again. */
  shutdown: 4000,
  /** A later link of the same runtime won; the reason holds the winner's boot id. */
  replaced: 4001,
  /** The token or the session is no longer valid: do not reconnect. */
  revoked: 4003,
  /** No such runtime: do not reconnect. */
  unknown_runtime: 4004,
  /** A rule of the protocol was broken. */
  policy: 4008,
  /** One side is too old for the other. */
  upgrade_required: 4010,
  /** Too many connections or messages. */
  rate: 4029,
} as const
export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE]

/** Codes after which a client stays away until somebody acts. */
export const FINAL_CLOSE_CODES: ReadonlySet<number> = new Set([CLOSE.revoked, CLOSE.unknown_runtime])

/** Reason of a 4001 close. */
export function replacedReason(winnerBootId: string): string {
  return `REPLACED ${winnerBootId}`
}

/** The winner's boot id in the reason of a 4001 close, or null. */
export function replacedBy(reason: string): string | null {
  return reason.startsWith('REPLACED ') ? reason.slice('REPLACED '.length) : null
}
