import pino from 'pino'

/** One line for the operator. Never a token, a key, a prompt or the output of a program. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void

/** Writes JSON lines to stderr, each in one piece; `PILOT_LOG_LEVEL` says how much (default `warn`). */
export function createLog(env: Record<string, string | undefined>): Log {
  const level = ['info', 'warn', 'error'].includes(env.PILOT_LOG_LEVEL ?? '') ? env.PILOT_LOG_LEVEL : 'warn'
  const logger = pino({ name: 'runtime', base: undefined, level }, pino.destination({ dest: 2, sync: true }))
  return (level, message, { cause, ...fields } = {}) => {
    logger[level]({ ...fields, ...(cause === undefined ? {} : { err: cause }) }, message)
  }
}
