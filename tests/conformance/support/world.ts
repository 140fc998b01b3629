import type { InstanceView, MachineView, OrganizationView, WorkspaceView } from '@pilot/protocol/api/views'
import { until } from '../../support/pilot.ts'
import { Browser } from './browser.ts'
import { FakeRuntime } from './fake-runtime.ts'
import type { FakeTerminals } from './fake-terminals.ts'

/** A signed-in person with an organization, an instance, an enrolled machine that is connected, and a workspace. */
export interface World {
  browser: Browser
  organization: OrganizationView
  instance: InstanceView
  machine: MachineView
  runtime: FakeRuntime
  workspace: WorkspaceView
}

let people = 0
/** A browser that is signed in as somebody new. */
export async function newPerson(url: string): Promise<Browser> {
  people += 1
  const browser = new Browser(url)
  await browser.signIn(`person-${people}@example.com`)
  return browser
}

export async function newTenant(url: string): Promise<Omit<World, 'machine' | 'runtime' | 'workspace'>> {
  const browser = await newPerson(url)
  const organization = await browser.call<OrganizationView>('mutation', 'organization.create', { name: 'Acme Größe' })
  const input = { organization_slug: organization.slug }
  const [known] = await browser.call<InstanceView[]>('query', 'instance.list', input)
  const instance =
    known ?? (await browser.call<InstanceView>('mutation', 'instance.create', { ...input, name: 'Main' }))
  return { browser, organization, instance }
}

export async function enroll(browser: Browser, machineId: string): Promise<{ token: string }> {
  return browser.call<{ token: string }>('mutation', 'machine.enroll', { machine_id: machineId })
}

export const enrollBody = (token: string) => ({
  token,
  label: 'box',
  os: 'linux',
  arch: 'x64',
  version: '0.1.0',
  boot_id: 'boot_00000001',
})

/** `POST /rt/enroll` as a daemon sends it: no cookie, no origin. */
export async function redeem(url: string, token: string): Promise<Response> {
  return fetch(new URL('rt/enroll', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(enrollBody(token)),
  })
}

/** `terminals`: what its machine has, if it has them at all. */
export async function newWorld(url: string, terminals: FakeTerminals | null = null): Promise<World> {
  const { browser, organization, instance } = await newTenant(url)
  const input = { instance_id: instance.id }
  const machine = await browser.call<MachineView>('mutation', 'machine.create', { ...input, name: 'box' })
  const { token } = await enroll(browser, machine.id)
  const answer = await redeem(url, token)
  if (!answer.ok) throw new Error(`enrolment failed: ${answer.status} ${await answer.text()}`)
  const runtime = new FakeRuntime(url, (await answer.json()) as { runtime_id: string; runtime_token: string })
  runtime.terminals = terminals
  await runtime.connect()
  const made = await browser.call<WorkspaceView>('mutation', 'workspace.create', {
    ...input,
    name: 'Site',
    directory: '/srv/site',
    runtime_id: runtime.id,
  })
  const workspace = await until('the workspace to be ready', async () => {
    const now = await browser.call<WorkspaceView>('query', 'workspace.get', { workspace_slug: made.slug })
    if (now.status === 'error') throw new Error(JSON.stringify(now.error))
    return now.status === 'ready' && now
  })
  return { browser, organization, instance, machine, runtime, workspace }
}
