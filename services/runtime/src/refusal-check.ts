const CHECK_EVERY_MS = 15_000
const TIMEOUT_MS = 10_000

/**
 * A refused upgrade looks like any other lost connection to a WebSocket client. So after one the same address is asked
 * over plain HTTP: 401 says that the token is no longer good, and dialling on would be in vain. At most every 15 s.
 */
export function createRefusalCheck(options: {
  /** Address of the link (ws or wss). */
  url: URL
  token: () => string
  onRefused: () => void
  fetch?: typeof fetch
  now?: () => number
}): { connectionLost: () => void; stop: () => void } {
  const send = options.fetch ?? fetch
  const now = options.now ?? Date.now
  const url = new URL(options.url)
  url.protocol = url.protocol === 'wss:' ? 'https:' : 'http:'
  const controller = new AbortController()
  let last = Number.NEGATIVE_INFINITY

  async function check(): Promise<void> {
    const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(TIMEOUT_MS)])
    try {
      const headers = { authorization: `Bearer ${options.token()}` }
      const response = await send(url, { headers, redirect: 'error', signal })
      await response.body?.cancel()
      if (response.status === 401 && !controller.signal.aborted) options.onRefused()
    } catch {
      // Not reachable: the link keeps trying.
    }
  }

  return {
    connectionLost() {
      if (controller.signal.aborted || now() - last < CHECK_EVERY_MS) return
      last = now()
      void check()
    },
    stop: () => controller.abort(),
  }
}
