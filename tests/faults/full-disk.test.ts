import { closeSync, mkdtempSync, openSync, realpathSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '@pilot/domain/ids'
import type { InstanceView, OrganizationView, WorkspaceView } from '@pilot/protocol/api/views'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Browser, CallError } from '../conformance/support/browser.ts'
import { type RunningPilot, startPilot, until } from '../support/pilot.ts'
import { makeRepository, scratchDirectory } from '../support/steps.ts'

/** The whole product on a real file system of a few megabytes, which only its own processes see. */
const SIZE = '48m'
const scratch = scratchDirectory()
const home = realpathSync(mkdtempSync(join(tmpdir(), 'pilot-small-')))
let pilot: RunningPilot
let browser: Browser
let workspace: WorkspaceView
const session_id = newId('agent_session')
const sessions = () => `api/chamber/workspaces/${workspace.slug}/sessions`
/** The small file system from outside. */
const ballast = () => `/proc/${pilot.supervisor.pid}/root${join(home, 'ballast')}`

beforeAll(async () => {
  const repo = makeRepository(join(scratch.path, 'shop'))
  // Whoever is not root becomes it in a namespace of their own, which is where a mount is allowed.
  const own = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const mount = `mount -t tmpfs -o size=${SIZE},mode=0700 tmpfs "$0" && exec "$@"`
  pilot = await startPilot({ home, workspace: repo, through: ['unshare', ...own, '--mount', 'sh', '-c', mount, home] })
  browser = new Browser(`${pilot.url}/`.replace(/\/\/$/, '/'))
  const token = new URLSearchParams(new URL(pilot.link).hash.slice(1)).get('owner')
  expect((await browser.post('api/auth/owner-link/redeem', { token })).status).toBe(200)
  const [organization] = await browser.call<OrganizationView[]>('query', 'organization.list')
  const [instance] = await browser.call<InstanceView[]>('query', 'instance.list', {
    organization_slug: organization?.slug,
  })
  const { items } = await browser.call<{ items: WorkspaceView[] }>('query', 'workspace.list', {
    instance_id: instance?.id,
  })
  const [first] = items
  if (!first) throw new Error('no workspace')
  workspace = first
  await untilServed()
})
afterAll(async () => {
  await pilot?.stop()
  scratch.remove()
  rmdirSync(home)
})

const untilServed = () =>
  until('the machine to serve the workspace', async () => {
    return (await browser.json(`api/chamber/workspaces/${workspace.slug}/health`)).status === 200
  })

/** Writes until there is no room for another byte. */
function fill(): void {
  const file = openSync(ballast(), 'w')
  try {
    for (let size = 1_048_576; size >= 1; ) {
      try {
        if (writeSync(file, Buffer.alloc(size)) < size) size = Math.floor(size / 2)
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
        size = Math.floor(size / 2)
      }
    }
  } finally {
    closeSync(file)
  }
}

const prompt = (text: string, id = newId('command')) =>
  browser.post(`${sessions()}/${session_id}/commands`, { id, session_id, kind: 'prompt', text })
const stateOf = async (id: string) =>
  (await browser.json(`${sessions()}/${session_id}/commands/${id}`)).body.state as string
const snapshot = async () => (await browser.fetch(`${sessions()}/${session_id}/snapshot`)).text()

it('refuses what it can not keep, loses nothing, and goes on by itself once there is room', async () => {
  expect((await browser.post(sessions(), { id: session_id })).status).toBe(201)
  const before = newId('command')
  expect((await prompt('@say kept before', before)).status).toBe(202)
  await until('the first answer', async () => (await stateOf(before)) === 'done')
  const acknowledged = ['Before']
  await browser.call('mutation', 'organization.create', { name: 'Before' })

  fill()
  const refusedByGateway = await until('the control plane to refuse', async () => {
    const name = `Full ${acknowledged.length} ${'x'.repeat(60)}`
    try {
      await browser.call('mutation', 'organization.create', { name })
      acknowledged.push(name)
      return null
    } catch (error) {
      return error
    }
  })
  expect(refusedByGateway).toBeInstanceOf(CallError)
  expect(refusedByGateway).toMatchObject({ code: 'STORAGE_FULL' })
  const refused = newId('command')
  const large = `@say kept after ${'y'.repeat(100_000)}`
  const answer = await prompt(large, refused)
  expect(answer).toMatchObject({ status: 507, body: { error: { code: 'STORAGE_FULL', retryable: true } } })
  expect(JSON.stringify(answer.body)).not.toMatch(/sqlite|runtime\.db|\bat \//i)

  // What there was can be read all the time.
  expect(await snapshot()).toContain('kept before')
  const listed = async () =>
    (await browser.call<OrganizationView[]>('query', 'organization.list')).map(({ name }) => name)
  expect(await listed()).toEqual(expect.arrayContaining(acknowledged))

  rmSync(ballast())
  await browser.call('mutation', 'organization.create', { name: 'After' })
  expect((await prompt(large, refused)).status).toBe(202)
  await until('the second answer', async () => (await stateOf(refused)) === 'done')

  // And nothing of it was only in memory.
  for (const name of ['serve', 'runtime']) {
    const [pid] = pilot.pids(name, '--supervised')
    if (!pid) throw new Error(`no ${name} is running`)
    process.kill(pid, 'SIGKILL')
  }
  await until('the product to be back', () => untilServed().then(() => true))
  expect(await listed()).toEqual(expect.arrayContaining([...acknowledged, 'After']))
  const kept = await snapshot()
  expect(kept).toContain('kept before')
  expect(kept).toContain('kept after')
  expect([await stateOf(before), await stateOf(refused)]).toEqual(['done', 'done'])
})
