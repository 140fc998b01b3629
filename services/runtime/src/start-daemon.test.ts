import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import { replacedReason } from '@pilot/protocol/close-codes'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Daemon, startDaemon } from './start-daemon.ts'
import { daemonHome, fakeControlPlane } from './testing.ts'

let control: Awaited<ReturnType<typeof fakeControlPlane>>
let machine: Awaited<ReturnType<typeof daemonHome>>
const running: Daemon[] = []

beforeEach(async () => {
  control = await fakeControlPlane()
  machine = await daemonHome(control)
})
afterEach(async () => {
  for (const daemon of running.splice(0)) await daemon.stop()
  await control.stop()
  await machine.remove()
})

async function start(token?: string, platform = machine.platform()): Promise<Daemon> {
  const options = machine.options({ control: { url: control.url, enrollment_token: token } })
  const daemon = await startDaemon(options, platform)
  running.push(daemon)
  return daemon
}
const hellos = () => control.state.received.filter((message) => message.type === 'runtime.hello')
const identity = async () => JSON.parse(await readFile(join(machine.home, 'runtime/identity.json'), 'utf8'))

test('root is refused unless it is asked for', async () => {
  const options = machine.options({ control: { url: control.url, enrollment_token: control.issueToken() } })
  const asRoot = (env: Record<string, string>) =>
    machine.platform({ uid: 0, env: { ...machine.platform().env, ...env } })
  await expect(startDaemon(options, asRoot({}))).rejects.toMatchObject({ code: 'FORBIDDEN' })
  running.push(await startDaemon(options, asRoot({ PILOT_ALLOW_ROOT: '1' })))
  await control.until((message) => message.type === 'runtime.hello')
})

test('a machine enrols once, keeps its identity to itself, and comes back with it', async () => {
  await expect(start()).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('pilot join'),
  })
  await expect(start('pilot_enr_never_issued')).rejects.toMatchObject({ code: 'LINK_EXPIRED' })
  const token = control.issueToken()
  const first = await start(token)
  await control.until((message) => message.type === 'runtime.hello')
  const { runtime_id, runtime_token } = await identity()
  expect((await stat(join(machine.home, 'runtime/identity.json'))).mode & 0o777).toBe(0o600)
  expect((await stat(join(machine.home, 'runtime'))).mode & 0o777).toBe(0o700)
  expect((await stat(join(machine.home, 'runtime/runtime.db'))).mode & 0o777).toBe(0o600)
  expect(control.state.dialled[0]).toMatchObject({ authorization: `Bearer ${runtime_token}` })
  expect(hellos()[0]).toMatchObject({ runtime_id, capabilities: { sessions: true, git: true, terminal: false } })
  await first.stop()
  expect(await first.exited).toBe(0)

  // The supervisor may hand over the used token once more.
  await start(token)
  await control.until((message) => message.type === 'runtime.hello' && message !== hellos()[0])
  expect(hellos()[1]).toMatchObject({ runtime_id })
  expect(hellos()[1]?.boot_id).not.toBe(hellos()[0]?.boot_id)
})

test('one daemon per data directory, also after one that was killed', async () => {
  await start(control.issueToken())
  await expect(start()).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining(`process ${process.pid}`),
  })
  await running.splice(0)[0]?.stop()
  // What a killed one leaves: files, but no lock of the system.
  await writeFile(join(machine.home, 'runtime/daemon.lock.pid'), '1')
  await start()
})

test('data of a newer version is refused untouched', async () => {
  await (await start(control.issueToken())).stop()
  const db = openNodeSqlite(join(machine.home, 'runtime/runtime.db'))
  db.exec('pragma user_version = 99')
  db.close()
  await expect(start()).rejects.toMatchObject({
    code: 'UPGRADE_REQUIRED',
    message: expect.stringContaining('newer version'),
  })
  await writeFile(join(machine.home, 'runtime/identity.json'), '{"runtime_id":')
  await expect(start()).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('damaged') })
})

test('requests reach the workspaces of the welcome, and the first session gets its worktree', async () => {
  const shop = control.workspace({ directory: join(machine.home, 'demo-shop') })
  const foreign = control.workspace({ directory: machine.home }, { instance_id: newId('instance') })
  control.state.workspaces = [shop, foreign]
  await start(control.issueToken())
  await control.until((message) => message.type === 'runtime.hello')
  const info = await control.request(shop, '/workspace')
  expect(await info.json()).toMatchObject({ repository: true, branch: 'main', problem: null })
  const id = newId('agent_session')
  const body = JSON.stringify({ id, title: 'Fix the cart' })
  const headers = { 'content-type': 'application/json' }
  const created = await control.request(shop, '/sessions', { method: 'POST', body, headers })
  expect(created.status).toBe(201)
  expect(await created.json()).toMatchObject({ id, worktree: { base_ref: 'main' } })
  const [name] = await readdir(join(machine.home, 'runtime/worktrees', shop.workspace_id))
  expect(name).toMatch(/^fix-the-cart-/)
  await control.until((message) => message.type === 'agent.summary' && message.summary.agent_session_id === id)
  const refused = await control.request(shop, '/config/providers')
  expect(refused.status).toBe(404)
  const stale = await control.request({ ...shop, generation: 0 }, '/workspace')
  expect(await stale.json()).toMatchObject({ error: { code: 'STALE_GENERATION' } })
  const other = await control.request(foreign, '/workspace')
  expect(await other.json()).toMatchObject({ error: { code: 'WORKSPACE_NOT_FOUND' } })
})

test('a workspace is prepared, and removed only when nothing is lost', async () => {
  await start(control.issueToken())
  await control.until((message) => message.type === 'runtime.hello')
  const shop = control.workspace({ directory: join(machine.home, 'demo-shop') })
  const scope = { workspace_id: shop.workspace_id, generation: 1 }
  const prepared = await control.command({ type: 'workspace.prepare', ...scope, workspace: shop })
  expect(prepared).toMatchObject({ type: 'ack', data: { root_path: join(machine.home, 'demo-shop') } })
  const lost = control.workspace({ directory: join(machine.home, 'nowhere') })
  const failed = await control.command({
    type: 'workspace.prepare',
    workspace_id: lost.workspace_id,
    generation: 1,
    workspace: lost,
  })
  expect(failed).toMatchObject({ type: 'error', code: 'WORKSPACE_ROOT_INVALID' })

  control.state.workspaces = [shop]
  control.welcome()
  const id = newId('agent_session')
  const init = { method: 'POST', body: JSON.stringify({ id }), headers: { 'content-type': 'application/json' } }
  await control.request(shop, '/sessions', init)
  const worktrees = join(machine.home, 'runtime/worktrees', shop.workspace_id)
  const [name] = await readdir(worktrees)
  await writeFile(join(worktrees, name ?? '', 'new.txt'), 'not committed')
  const remove = (force: boolean) => control.command({ type: 'workspace.remove', ...scope, force })
  expect(await remove(false)).toMatchObject({ type: 'error', code: 'WORKTREE_DIRTY' })
  expect(await readdir(worktrees)).toEqual([name])
  expect(await remove(true)).toMatchObject({ type: 'ack' })
  expect(await readdir(worktrees)).toEqual([])
  expect(await readdir(join(machine.home, 'demo-shop'))).toContain('package.json')
  await control.until((message) => message.type === 'agent.summary' && message.summary.deleted)
})

test('model keys leave the environment, and the settings of the instance win', async () => {
  const env: Record<string, string | undefined> = { ...machine.platform().env, OPENROUTER_API_KEY: 'sk-or-canary-1' }
  const shop = control.workspace({ directory: join(machine.home, 'demo-shop') })
  control.state.workspaces = [shop]
  const first = await start(control.issueToken(), machine.platform({ env }))
  expect(Object.keys(env)).not.toContain('OPENROUTER_API_KEY')
  await control.until((message) => message.type === 'runtime.hello')
  const model = async () => (await control.request(shop, '/model')).json()
  expect(await model()).toMatchObject({ current: { provider: 'openrouter' }, key_source: 'environment' })
  const settings = { provider: 'openai', model: 'm', label: '', base_url: '', api_key: 'sk-canary-2' }
  control.state.model = settings
  control.welcome()
  const answer = await model()
  expect(answer).toMatchObject({ current: { provider: 'openai', model: 'm', demo: false }, key_source: 'secret' })
  expect(JSON.stringify(answer)).not.toContain('canary')
  await first.stop()

  // An agent that outlived the daemon asks for its model before the control plane is there.
  const file = join(machine.home, 'runtime/model.json')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  control.state.model = null
  control.state.received.length = 0
  await start()
  await control.until((message) => message.type === 'runtime.hello')
  expect(await model()).toMatchObject({ current: { provider: 'demo' }, key_source: 'none' })
  await expect(stat(file)).rejects.toThrow()
  expect(machine.logged.join('\n')).not.toContain('canary')
})

test('a revoked machine says so and ends, a lost connection is dialled again', async () => {
  const daemon = await start(control.issueToken())
  await control.until((message) => message.type === 'runtime.hello')
  control.state.received.length = 0
  control.close(1006)
  await control.until((message) => message.type === 'runtime.hello')
  control.close(4003, 'revoked')
  expect(await daemon.exited).toBe(0)
  expect(machine.logged.join('\n')).toContain('no longer known')
})

test('a machine whose token was revoked while it was away ends, too', async () => {
  const daemon = await start(control.issueToken())
  await control.until((message) => message.type === 'runtime.hello')
  control.forget()
  control.state.refuse = true
  control.close(1006)
  expect(await daemon.exited).toBe(0)
})

test('a copied data directory is told, not fought', async () => {
  const daemon = await start(control.issueToken())
  await control.until((message) => message.type === 'runtime.hello')
  control.close(4001, replacedReason('another-boot-id'))
  expect(await daemon.exited).toBe(0)
  expect(machine.logged.join('\n')).toContain('was copied')
})

test('a new token is on disk before it is acknowledged, and used from then on', async () => {
  await start(control.issueToken())
  await control.until((message) => message.type === 'runtime.hello')
  const runtime_token = `pilot_rt_${'n'.repeat(40)}`
  const ack = await control.command({ type: 'runtime.rotate_token', runtime_token })
  expect(ack).toMatchObject({ type: 'ack' })
  expect(await identity()).toMatchObject({ runtime_token })
  control.replaceToken(runtime_token)
  control.state.received.length = 0
  control.close(4000)
  await control.until((message) => message.type === 'runtime.hello')
  expect(control.state.dialled.at(-1)).toMatchObject({ authorization: `Bearer ${runtime_token}` })
})

test('the control plane can stop a runtime', async () => {
  const daemon = await start(control.issueToken())
  await control.until((message) => message.type === 'runtime.health')
  const ack = await control.command({ type: 'runtime.shutdown', reason: 'maintenance' })
  expect(ack).toMatchObject({ type: 'ack' })
  expect(await daemon.exited).toBe(0)
})

test('a home that cannot be made is not half used', async () => {
  await mkdir(join(machine.home, 'file'), { recursive: true })
  await writeFile(join(machine.home, 'file/runtime'), '')
  const options = machine.options({ home: join(machine.home, 'file'), control: { url: control.url } })
  await expect(startDaemon(options, machine.platform())).rejects.toThrow()
})
