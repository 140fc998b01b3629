import { decodeFrame } from '@pilot/protocol/frame'
import { type Clock, systemClock } from '@pilot/protocol/link/clock'
import { Link } from '@pilot/protocol/link/link'
import { type LinkSocketFactory, webSocketFactory } from '@pilot/protocol/link/socket'
import { PING } from '@pilot/protocol/messages/ping'
import type { OpenLink } from './port.ts'

export interface BrowserLinkOptions {
  /** Absolute `ws:` or `wss:` address. */
  url: string
  clock?: Clock
  random?: () => number
  /** How a connection is made; the platform's WebSocket when left out. */
  connect?: LinkSocketFactory
}

/** A link of this page on the reconnecting core; it dials at once. */
export function browserLink(options: BrowserLinkOptions): OpenLink {
  const { url, clock = systemClock, random = Math.random } = options
  return (events) => {
    const connect = options.connect ?? webSocketFactory(() => new WebSocket(url))
    let badFrames = 0
    let heardAt = 0
    const hearing: LinkSocketFactory = (handlers) =>
      connect({
        ...handlers,
        message: (data) => {
          heardAt = clock.now()
          handlers.message(data)
        },
      })
    const link = new Link({ connect: hearing, clock, random })
    link.subscribe((state) => {
      if (state.status === 'live') events.up()
      else if (state.status === 'offline') {
        events.down({
          retry_at: state.retry_in_ms === null ? null : clock.now() + state.retry_in_ms,
          final: state.retry_in_ms === null,
          code: state.close_code ?? null,
          reason: state.close_reason ?? '',
        })
      }
    })
    link.onMessage((data) => {
      if (typeof data !== 'string') {
        const decoded = decodeFrame(data)
        if ('frame' in decoded) events.frame?.(decoded.frame)
        else badFrames += 1
        return
      }
      let message: unknown
      try {
        message = JSON.parse(data)
      } catch {
        return
      }
      events.message(message)
    })
    link.connect()
    return {
      send: (message) => link.send(JSON.stringify(message)),
      sendFrame: (bytes) => link.send(bytes),
      ping: () => {
        link.send(PING)
      },
      heardAt: () => heardAt,
      restart: () => link.restart(1006, 'no answer'),
      wake: () => link.connect(),
      badFrames: () => badFrames,
      close: () => link.close(),
    }
  }
}

/** The address of a socket below this page's origin: `path` begins with the base path. */
export function socketUrl(location: Pick<Location, 'protocol' | 'host'>, path: string): string {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${path}`
}
