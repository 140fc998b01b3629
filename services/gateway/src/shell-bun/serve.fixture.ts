import { Database } from 'bun:sqlite'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { toPilotError } from '@pilot/domain/errors'
import { type RunningGateway, type ServeGatewayOptions, serveGateway } from './serve.ts'

/** Run by `serve.test.ts` under Bun: starts gateways on the given directory and prints what happened as one JSON line. */
const home = process.argv[2] ?? ''
const options = { port: 0, host: '127.0.0.1', stage: 'test' as const, appDir: join(home, 'none'), env: {} }
const start = (change: Partial<ServeGatewayOptions> = {}) => serveGateway({ home, ...options, ...change })
const refused = (change: Partial<ServeGatewayOptions>) =>
  start(change).then(
    (gateway) => gateway.stop().then(() => 'started'),
    (cause: unknown) => `${toPilotError(cause).code} ${toPilotError(cause).message}`,
  )
const mode = (name: string) => (statSync(join(home, 'gateway', name)).mode & 0o777).toString(8)
const portOf = (gateway: RunningGateway) => Number(new URL(gateway.url).port)

async function signIn(gateway: RunningGateway): Promise<string> {
  const origin = gateway.base_url.slice(0, -1)
  const response = await fetch(`${gateway.url}api/auth/dev/login`, {
    method: 'POST',
    headers: { origin, 'x-pilot-csrf': '1', 'content-type': 'application/json' },
    body: '{"email":"ann@example.test"}',
  })
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}
async function whoAmI(gateway: RunningGateway, cookie: string): Promise<unknown> {
  const response = await fetch(`${gateway.url}api/trpc/user.session`, { headers: { cookie } })
  const body = (await response.json()) as { result: { data: { user: { email: string } | null } } }
  return body.result.data.user?.email ?? null
}

const report: Record<string, unknown> = {}
const first = await start()
const unix = join(home, 'gateway', 'control.sock')
const status = await fetch('http://control/status', { unix })
report.status = await status.json()
report.modes = [mode('.'), mode('keys.json'), mode('pilot.db'), mode('control.sock')]
report.second = await refused({})
report.taken = await refused({ home: join(home, 'other'), port: portOf(first) })
const cookie = await signIn(first)
report.before = await whoAmI(first, cookie)
report.forgedHost = (await fetch(`${first.url}healthz`, { headers: { host: 'evil.test' } })).status
report.control = (await fetch(`${first.url}owner-link`, { method: 'POST' })).status
await first.stop()
report.stopped = await fetch(`${first.url}healthz`).then(
  () => 'answers',
  () => 'silent',
)
const again = await start()
report.after = await whoAmI(again, cookie)
await again.stop()
report.unsafe = await refused({ host: '0.0.0.0', stage: 'production' })
report.devInPublic = await refused({ baseUrl: 'https://host.test/' })
const db = new Database(join(home, 'gateway', 'pilot.db'))
db.exec("insert into d1_migrations (name) values ('9999_future.sql')")
db.close()
report.newer = await refused({})
console.log(JSON.stringify(report))
