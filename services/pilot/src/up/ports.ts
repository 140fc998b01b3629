import { createServer } from 'node:net'

/** True when a listener can be opened on that address right now. */
export function portIsFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** The first free port at or above `from`. */
export async function findFreePort(host: string, from: number): Promise<number> {
  for (let port = from; port <= 65_535; port++) if (await portIsFree(host, port)) return port
  throw new Error('No free port was found.')
}
