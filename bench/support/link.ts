import type { Client } from './pilot.ts'

/** A message of link W, as far as these programs look into it. */
export interface LinkMessage {
  type: string
  request_id?: string
  agent_session_id?: string
  event?: {
    type: string
    message?: { id: string; role: string }
    message_id?: string
    part?: { type: string; text?: string }
    part_id?: string
    field?: string
    text?: string
    command?: { id: string; state: string }
  }
}

/** Node's client takes headers, which the browser's type does not know. */
const NodeWebSocket = WebSocket as unknown as new (
  url: string,
  options: { headers: Record<string, string> },
) => WebSocket

/** A tab's link to its workspace. */
export interface WorkspaceLink {
  /** Called with every message, as soon as it arrived. Returns the function that ends that. */
  listen(listener: (message: LinkMessage) => void): () => void
  /** The next message that fits. Begin to wait before what causes it. */
  next(fits: (message: LinkMessage) => boolean): Promise<LinkMessage>
  /** Asks for the events of a session from now on. */
  watch(sessionId: string): Promise<void>
  close(): void
}

/** Opens link W of the client's workspace. */
export async function openLink(client: Client): Promise<WorkspaceLink> {
  const { origin = '', cookie = '' } = client.headers
  const socket = new NodeWebSocket(`${client.base.replace('http', 'ws')}/ws`, { headers: { origin, cookie } })
  const listeners = new Set<(message: LinkMessage) => void>()
  socket.addEventListener('message', ({ data }) => {
    if (data === 'pong') return
    const message = JSON.parse(String(data)) as LinkMessage
    for (const listener of listeners) listener(message)
  })
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('close', ({ code, reason }) => reject(new Error(`link W: ${code} ${reason}`)))
  })
  const listen = (listener: (message: LinkMessage) => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const next = (fits: (message: LinkMessage) => boolean) =>
    new Promise<LinkMessage>((resolve) => {
      const stop = listen((message) => {
        if (!fits(message)) return
        stop()
        resolve(message)
      })
    })
  return {
    listen,
    next,
    async watch(sessionId) {
      const watched = next(({ type, agent_session_id }) => type === 'agent.watched' && agent_session_id === sessionId)
      const request_id = `bench-${crypto.randomUUID()}`
      socket.send(JSON.stringify({ schema_version: '1', type: 'agent.watch', request_id, agent_session_id: sessionId }))
      await watched
    },
    close: () => socket.close(),
  }
}
