import { randomUUID } from 'node:crypto'
import { RuntimeLink } from '@pilot/backend/link/runtime-link'
import { systemClock } from '@pilot/protocol/link/clock'
import { webSocketFactory } from '@pilot/protocol/link/socket'
import { RUNTIME_SUBPROTOCOL } from '@pilot/protocol/version'

/**
 * A machine that does nothing but pass requests on to one upstream, over the real link. Run by Bun, as the daemon is;
 * {control_url, token, upstream} come on stdin.
 */
const { control_url, token, upstream } = JSON.parse(await text(process.stdin)) as Record<string, string>
const boot_id = randomUUID()

const version = '0.1.0'
const details = { token, label: 'relay', os: process.platform, arch: process.arch, version, boot_id }
const enrolled = await fetch(new URL('rt/enroll', control_url), {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(details),
})
if (!enrolled.ok) throw new Error(`enrolment: ${enrolled.status} ${await enrolled.text()}`)
const identity = (await enrolled.json()) as { runtime_id: `rt_${string}`; runtime_token: string }

/** Bun's client takes headers, which the browser's type does not know. */
const BunWebSocket = WebSocket as unknown as new (
  url: string,
  options: { headers: Record<string, string>; protocols: string[] },
) => WebSocket

const address = new URL(`rt/connect/${identity.runtime_id}`, control_url)
address.protocol = 'ws:'
const headers = { authorization: `Bearer ${identity.runtime_token}`, 'x-pilot-boot-id': boot_id }

const link = new RuntimeLink({
  connect: webSocketFactory(() => new BunWebSocket(address.href, { headers, protocols: [RUNTIME_SUBPROTOCOL] })),
  clock: systemClock,
  random: Math.random,
  identity: { runtime_id: identity.runtime_id, boot_id, version, os: process.platform, arch: process.arch },
  describe: () => ({ system: {}, capabilities: { git: true } }),
  held: () => [],
  onWelcome: async () => undefined,
  handler(request) {
    const { pathname, search } = new URL(request.url)
    return fetch(new URL(pathname + search, upstream), { method: request.method, signal: request.signal })
  },
  commands: { 'workspace.prepare': async ({ workspace }) => ({ root_path: String(workspace.config.directory) }) },
  events: { head: () => null, read: () => [], subscribe: () => () => undefined, summaries: () => [] },
  health: async () => ({ cpu: 0, memory_used: 0, memory_total: 1, disk_used: 0, disk_total: 1, uptime_s: 0 }),
  log: (message, fields) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
})
link.start()
process.once('SIGTERM', () => process.exit(0))

async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = ''
  for await (const chunk of stream) all += String(chunk)
  return all
}
