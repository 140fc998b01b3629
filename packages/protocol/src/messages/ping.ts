/**
 * Literal texts outside the envelope, so that a sleeping hub answers them without waking. Either end may ask; an
 * answered ping counts as traffic of the one who asked.
 */
export const PING = 'ping'
export const PONG = 'pong'
