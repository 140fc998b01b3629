import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A loopback HTTP server around a `fetch` handler. */
export interface LoopbackServer {
  port: number
  url: string
  close(): Promise<void>
}

/**
 * Serves a `fetch` handler on 127.0.0.1. With `port` that one is tried first and a free one is taken when it is busy.
 * A client that hangs up aborts its request's signal; an answer that breaks destroys the connection, so that it can
 * never be taken for a complete one.
 */
export async function serveLoopback(
  handler: (request: Request) => Promise<Response>,
  port = 0,
): Promise<LoopbackServer> {
  const server = createServer((incoming, outgoing) => {
    void answer(handler, incoming, outgoing)
  })
  // Answers stream for as long as a model thinks.
  server.requestTimeout = 0
  const listen = (wanted: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(wanted, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  try {
    await listen(port)
  } catch (cause) {
    if (port === 0) throw cause
    await listen(0)
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no loopback address')
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  handler: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const hangUp = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) hangUp.abort()
  })
  try {
    const headers = new Headers()
    for (const [name, value] of Object.entries(incoming.headers)) {
      if (typeof value === 'string') headers.set(name, value)
    }
    const method = incoming.method ?? 'GET'
    const request = new Request(new URL(incoming.url ?? '/', 'http://127.0.0.1'), {
      method,
      headers,
      signal: hangUp.signal,
      ...(method === 'GET' || method === 'HEAD' ? {} : { body: await readBody(incoming) }),
    })
    const response = await handler(request)
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    if (!response.body) {
      outgoing.end()
      return
    }
    await send(response.body, outgoing)
  } catch {
    outgoing.destroy()
  }
}

const MAX_BODY_BYTES = 64 * 1024 * 1024

async function readBody(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming) {
    const buffer = Buffer.from(chunk)
    size += buffer.length
    if (size > MAX_BODY_BYTES) throw new Error('request too large')
    chunks.push(buffer)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

async function send(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader()
  const closed = new Promise<void>((resolve) => outgoing.once('close', resolve))
  outgoing.once('close', () => void reader.cancel().catch(() => undefined))
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (!outgoing.write(value)) {
      await Promise.race([closed, new Promise<void>((resolve) => outgoing.once('drain', resolve))])
    }
    if (outgoing.destroyed) return
  }
  outgoing.end()
}
