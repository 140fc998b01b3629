import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Figure, main, paired, quantile } from './support/figures.ts'
import { load, type Target, throughput } from './support/load.ts'
import { type Client, control, endProcess, environment, localSetup, signIn } from './support/pilot.ts'
import { bun, freePort, program, type Scope, scoped, until } from './support/program.ts'

const ROUNDS = 9
const BYTES = 64 * 1_048_576
const SMALL_COUNT = 400

/**
 * The tunnel by itself: the real gateway, hub, multiplexer and link with a machine that only passes requests on to a
 * local server, beside that same server. It is the hardest comparison there is, because the server does nothing.
 */
export async function run(): Promise<Figure[]> {
  return scoped(async (scope) => {
    const upstream = await startUpstream(scope)
    const client = await startRelay(scope, upstream)
    const through = (path: string): Target => ({ url: `${client.base}/${path}`, headers: { cookie: client.cookie } })
    const direct = (path: string): Target => ({ url: upstream + path, headers: {} })
    const large = `large/${BYTES}`
    for (const target of [through('small'), direct('small')]) await load(target, { connections: 4, count: SMALL_COUNT })
    for (const target of [through(large), direct(large)]) await throughput(target, BYTES)

    const speed: [number, number][] = []
    const small: [number, number][] = []
    for (let round = 0; round < ROUNDS; round++) {
      const early = round % 2 === 0 ? await throughput(through(large), BYTES) : null
      const other = await throughput(direct(large), BYTES)
      speed.push([early ?? (await throughput(through(large), BYTES)), other])
      const options = { connections: 1, count: SMALL_COUNT }
      const beside = await load(direct('small'), options)
      const own = await load(through('small'), options)
      small.push([quantile(own.times, 0.5), quantile(beside.times, 0.5)])
    }
    const aim = { text: 'at least × 0.5', met: ({ ratio }: { ratio: number }) => ratio >= 0.5 }
    const bench = 'stream'
    return [
      paired({ bench, name: '64 MiB answer', unit: 'MB/s', reference: 'direct', aim }, speed),
      paired(
        { bench, name: 'GET of 200 bytes, p50', unit: 'ms', reference: 'an idle server', each: SMALL_COUNT },
        small,
      ),
    ]
  })
}

const script = (name: string) => fileURLToPath(new URL(`support/${name}`, import.meta.url))

/** Starts a process that is ended with the scope. */
function start(scope: Scope, file: string, args: string[], home: string, stdin: string): ChildProcess {
  const child = spawn(file, args, { env: environment(home), stdio: ['pipe', 'pipe', 'inherit'] })
  scope.defer(() => endProcess(child))
  child.stdin?.end(stdin)
  return child
}

async function startUpstream(scope: Scope): Promise<string> {
  const child = start(scope, process.execPath, [script('upstream.ts')], scope.directory('upstream'), '')
  let output = ''
  child.stdout?.on('data', (data: Buffer) => {
    output += data.toString()
  })
  return until('the upstream', () => output.trim())
}

/** Starts a gateway and a relaying machine and signs in to its workspace. */
async function startRelay(scope: Scope, upstream: string): Promise<Client> {
  const home = scope.directory('home')
  const workspace = scope.directory('workspace')
  const port = await freePort()
  start(scope, bun(), [program(), 'serve', '--home', home, '--port', String(port)], home, '')
  const { runtime, workspace_slug } = await until('the gateway', () =>
    control(home, '/owner-link', {}).then(
      () => localSetup(home, workspace),
      () => null,
    ),
  )
  const line = { control_url: `http://127.0.0.1:${port}/`, token: runtime.enrollment_token, upstream }
  start(scope, bun(), [script('relay-runtime.ts')], home, JSON.stringify(line))
  const client = await signIn(home, port, workspace_slug)
  await until('the machine', async () => (await client.call('GET', '/small')).ok, { everyMs: 50 })
  return client
}

if (import.meta.main) await main(run)
