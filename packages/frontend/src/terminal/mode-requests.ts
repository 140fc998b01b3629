import type { TerminalId } from '@pilot/domain/entities/terminal'
import { ERROR_CODES } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import type { ErrorMessage } from '@pilot/protocol/messages/error'
import type { Clock } from '../clock.ts'
import { networkError, PilotClientError } from '../errors.ts'
import type { TerminalFeed } from './feed.ts'

const TIMEOUT_MS = 10_000

interface Pending {
  resolve(): void
  reject(error: PilotClientError): void
  cancel(): void
}

/** Requests for another mode that are not answered yet. They have one effect however often they are asked. */
export function createModeRequests(options: { id: TerminalId; feed: TerminalFeed; clock: Clock }) {
  const { id, feed, clock } = options
  const pending = new Map<string, Pending>()
  const end = (requestId: string): Pending | undefined => {
    const one = pending.get(requestId)
    one?.cancel()
    pending.delete(requestId)
    return one
  }
  return {
    ask: (mode: 'shared' | 'exclusive', takeOver: boolean): Promise<void> =>
      new Promise((resolve, reject) => {
        const requestId = newId('request')
        const late = () =>
          end(requestId)?.reject(new PilotClientError('RUNTIME_TIMEOUT', ERROR_CODES.RUNTIME_TIMEOUT.message))
        pending.set(requestId, { resolve, reject, cancel: clock.after(TIMEOUT_MS, late) })
        const request = { request_id: requestId, terminal_id: id, mode, take_over: takeOver }
        if (!feed.send({ type: 'terminal.mode', ...request })) end(requestId)?.reject(networkError(null))
      }),
    /** Nothing happens for a request of somebody else. */
    answered: (requestId: string, error: ErrorMessage | null) => {
      const one = end(requestId)
      if (!error) one?.resolve()
      else {
        const { code, message, retryable } = error
        one?.reject(new PilotClientError(code, message, { request_id: requestId, retryable }))
      }
    },
    rejectAll: () => {
      for (const requestId of [...pending.keys()]) end(requestId)?.reject(networkError(null))
    },
  }
}
