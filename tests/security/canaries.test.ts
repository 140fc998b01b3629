import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join, relative } from 'node:path'
import { newId } from '@pilot/domain/ids'
import type { InstanceView, OrganizationView, WorkspaceView } from '@pilot/protocol/api/views'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Browser } from '../conformance/support/browser.ts'
import { freePort, type RunningPilot, startPilot, until } from '../support/pilot.ts'
import { makeRepository, scratchDirectory } from '../support/steps.ts'

/** Every secret of a running product is seeded or read, then looked for wherever it must not be. */
const scratch = scratchDirectory()
const canary = (name: string) => `canary-${name}-${randomBytes(16).toString('hex')}`
const environmentKey = canary('environment-key')
const enteredKey = canary('entered-key')

/** Answers of the gateway, whole, and what the model provider was sent. */
const answers: string[] = []
const authorizations = new Set<string>()
let provider: Server
let pilot: RunningPilot
let browser: RecordingBrowser
let workspace: WorkspaceView

class RecordingBrowser extends Browser {
  override async fetch(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const response = await super.fetch(path, init)
    answers.push(await response.clone().text())
    return response
  }
}

/** Refuses every key, and repeats it as some providers do. */
async function startProvider(): Promise<string> {
  provider = createServer((request, response) => {
    const { authorization = '' } = request.headers
    authorizations.add(authorization)
    const key = authorization.replace('Bearer ', '')
    response.writeHead(401, { 'content-type': 'application/json', 'x-echo': key })
    response.end(JSON.stringify({ error: { message: `Incorrect API key provided: ${key}`, code: 'invalid_api_key' } }))
  })
  const port = await freePort()
  await new Promise<void>((resolve) => provider.listen(port, '127.0.0.1', resolve))
  return `http://127.0.0.1:${port}/v1`
}

/** Sends a prompt in a session of its own and waits for its end; gives the snapshot. */
async function promptFails(text: string): Promise<string> {
  const base = `api/chamber/workspaces/${workspace.slug}/sessions`
  const session_id = newId('agent_session')
  expect((await browser.post(base, { id: session_id })).status).toBe(201)
  const command = { id: newId('command'), session_id, kind: 'prompt', text }
  expect((await browser.post(`${base}/${session_id}/commands`, command)).status).toBe(202)
  return await until('the refusal of the key', async () => {
    const snapshot = await (await browser.fetch(`${base}/${session_id}/snapshot`)).text()
    return snapshot.includes('MODEL_REFUSED') && snapshot
  })
}

const owner = () => new URLSearchParams(new URL(pilot.link).hash.slice(1)).get('owner') ?? ''
const read = (...path: string[]) => JSON.parse(readFileSync(join(pilot.home, ...path), 'utf8'))

beforeAll(async () => {
  const base_url = await startProvider()
  const repo = makeRepository(join(scratch.path, 'shop'))
  pilot = await startPilot({
    workspace: repo,
    env: { PILOT_MODEL_BASE_URL: base_url, PILOT_MODEL_API_KEY: environmentKey, PILOT_LOG_LEVEL: 'info' },
  })
  browser = new RecordingBrowser(`${pilot.url}/`.replace(/\/\/$/, '/'))
  expect((await browser.post('api/auth/owner-link/redeem', { token: owner() })).status).toBe(200)
  const [organization] = await browser.call<OrganizationView[]>('query', 'organization.list')
  const [instance] = await browser.call<InstanceView[]>('query', 'instance.list', {
    organization_slug: organization?.slug,
  })
  if (!instance) throw new Error('no instance')
  const { items } = await browser.call<{ items: WorkspaceView[] }>('query', 'workspace.list', {
    instance_id: instance.id,
  })
  const [first] = items
  if (!first) throw new Error('no workspace')
  workspace = first
  await until('the machine to serve the workspace', async () => {
    return (await browser.json(`api/chamber/workspaces/${workspace.slug}/health`)).status === 200
  })
  await promptFails('with the key of the environment')
  const input = { instance_id: instance.id, provider: 'custom', model: 'm', base_url, api_key: enteredKey }
  await browser.call('mutation', 'model.set', input)
  await until('the machine to have the entered key', async () => {
    const { body } = await browser.json(`api/chamber/workspaces/${workspace.slug}/model`)
    return body.key_source === 'secret'
  })
  await promptFails('with the key that was entered')
})
afterAll(async () => {
  await pilot?.stop()
  await new Promise((resolve) => provider.close(resolve))
  scratch.remove()
})

/** Name, value, and the files (below the home, 0600) that may hold it. */
function secrets(): { name: string; value: string; allowed: string[] }[] {
  const identity = read('runtime', 'identity.json')
  const engine = join('runtime', 'instances', identity.instance_id, 'engine')
  const record = read(engine, 'engine.json')
  const keys = read('gateway', 'keys.json')
  const records = [join(engine, 'engine.json')]
  return [
    { name: 'key of the environment', value: environmentKey, allowed: [] },
    { name: 'entered key', value: enteredKey, allowed: ['runtime/model.json'] },
    { name: 'owner link', value: owner(), allowed: [] },
    { name: 'session cookie', value: decodeURIComponent(browser.cookie.split('=')[1] ?? ''), allowed: [] },
    { name: 'runtime token', value: identity.runtime_token, allowed: ['runtime/identity.json'] },
    { name: 'secret of the sessions', value: keys.auth_secret, allowed: ['gateway/keys.json'] },
    { name: 'key of the secrets', value: keys.kek['1'], allowed: ['gateway/keys.json'] },
    { name: 'password of the agent', value: record.password, allowed: records },
    {
      name: 'token of the model endpoint',
      value: record.model_token,
      allowed: [...records, join(engine, 'config', 'opencode', 'opencode.json')],
    },
  ]
}

it('used both keys for real', () => {
  expect([...authorizations].toSorted()).toEqual([`Bearer ${enteredKey}`, `Bearer ${environmentKey}`])
  for (const { name, value } of secrets()) expect([name, value.length > 20]).toEqual([name, true])
})

it('keeps each secret to the one private file that is for it', () => {
  const files = readdirSync(pilot.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  expect(files.length).toBeGreaterThan(10)
  const found: string[] = []
  for (const file of files) {
    const name = relative(pilot.home, file)
    const bytes = readFileSync(file)
    for (const secret of secrets()) {
      if (!bytes.includes(secret.value)) continue
      found.push(`${secret.name} in ${name}`)
      expect((statSync(file).mode & 0o777).toString(8), name).toBe('600')
    }
  }
  const allowed = secrets().flatMap(({ name, allowed }) => allowed.map((file) => `${name} in ${file}`))
  expect(found.toSorted()).toEqual(allowed.toSorted())
})

it('says no secret in an answer or in its output', () => {
  expect(answers.length).toBeGreaterThan(10)
  for (const { name, value } of secrets()) {
    for (const answer of answers) expect(answer.includes(value), `${name} in an answer`).toBe(false)
    // The link is printed: that is what it is for.
    if (name !== 'owner link') expect(pilot.output().includes(value), `${name} in the output`).toBe(false)
  }
})

it('gives no secret to a child in its arguments or environment', () => {
  const children = new Map(
    Object.entries({
      gateway: pilot.pids('serve', '--supervised')[0],
      runtime: pilot.pids('runtime', '--supervised')[0],
      agent: pilot.pids('opencode', 'serve')[0],
    }),
  )
  for (const [child, pid] of children) {
    expect(pid, child).toBeDefined()
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
    for (const { name, value } of secrets()) {
      expect(args.includes(value), `${name} in the arguments of the ${child}`).toBe(false)
      // Its own password reaches the agent this way; it opens nothing but the agent itself.
      const own = child === 'agent' && name === 'password of the agent'
      expect(environment.includes(value), `${name} in the environment of the ${child}`).toBe(own)
    }
  }
})
