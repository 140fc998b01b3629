import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'

/** What is asked over and over. */
export interface Target {
  url: string
  headers: Record<string, string>
}

/** Milliseconds of one request to the end of its answer. Rejects unless that is a 200. */
export function ask(agent: Agent, { url, headers }: Target): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const sent = request(url, { agent, headers }, (answer) => {
      answer.resume()
      answer.once('error', reject)
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve(performance.now() - began)
        else reject(new Error(`${url}: ${answer.statusCode}`))
      })
    })
    sent.once('error', reject)
    sent.end()
  })
}

/**
 * Asks `count` times over `connections` kept-alive connections, each waiting for its answer before the next request.
 * Gives every request's milliseconds and the whole time. Throws unless every answer is a 200.
 */
export async function load(
  target: Target,
  { connections, count }: { connections: number; count: number },
): Promise<{ times: number[]; totalMs: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const times: number[] = []
  let left = count
  const began = performance.now()
  const worker = async () => {
    while (left-- > 0) times.push(await ask(agent, target))
  }
  await Promise.all(Array.from({ length: connections }, worker))
  const totalMs = performance.now() - began
  agent.destroy()
  return { times, totalMs }
}

/** Reads one answer to its end and gives MB per second (10^6 bytes), counted from the request to the last byte. */
export function throughput({ url, headers }: Target, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    let seen = 0
    const sent = request(url, { agent: false, headers }, (answer) => {
      answer.on('data', (chunk: Buffer) => {
        seen += chunk.length
      })
      answer.once('error', reject)
      answer.once('end', () => {
        if (answer.statusCode !== 200 || seen !== bytes)
          reject(new Error(`${url}: ${answer.statusCode}, ${seen} bytes`))
        else resolve(bytes / 1_000 / (performance.now() - began))
      })
    })
    sent.once('error', reject)
    sent.end()
  })
}
