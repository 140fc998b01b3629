import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TerminalId } from '@pilot/domain/entities/terminal'
import { newId } from '@pilot/domain/ids'
import type { WorkspaceView } from '@pilot/protocol/api/views'
import type { CreateTerminal, TerminalView } from '@pilot/protocol/terminal/rest'
import type { Browser } from '../conformance/support/browser.ts'
import { enroll, newTenant } from '../conformance/support/world.ts'
import { NodeTab } from './node-tab.ts'
import { freePort, until } from './pilot.ts'
import { hostsOf, processesOf, runProduct, type StartedProcess, startProduct } from './processes.ts'
import type { Random } from './random.ts'
import { Relay } from './relay.ts'
import { makeRepository } from './steps.ts'

/** What `FaultWorld` is made of. */
interface Parts {
  home: string
  repository: string
  port: number
  browser: Browser
  tabs: Relay
  machine: Relay
  workspace: WorkspaceView
  machineId: string
  runtimeId: string
  gateway: StartedProcess
  daemon: StartedProcess
  env: Record<string, string>
  through: readonly string[]
}

/**
 * The real gateway and the real daemon, each a process that a test may kill, with a relay between the two and another
 * one before the tabs:
 *
 *   tab ── tabs (relay) ── gateway ── machine (relay) ── daemon ── terminals
 */
export class FaultWorld {
  readonly home: string
  readonly repository: string
  readonly port: number
  readonly browser: Browser
  readonly tabs: Relay
  readonly machine: Relay
  readonly workspace: WorkspaceView
  readonly machineId: string
  readonly runtimeId: string
  gateway: StartedProcess
  daemon: StartedProcess
  readonly #env: Record<string, string>
  readonly #through: readonly string[]
  readonly #open: NodeTab[] = []

  private constructor(parts: Parts) {
    this.home = parts.home
    this.repository = parts.repository
    this.port = parts.port
    this.browser = parts.browser
    this.tabs = parts.tabs
    this.machine = parts.machine
    this.workspace = parts.workspace
    this.machineId = parts.machineId
    this.runtimeId = parts.runtimeId
    this.gateway = parts.gateway
    this.daemon = parts.daemon
    this.#env = parts.env
    this.#through = parts.through
  }

  /** `through`: a command that the daemon is started by, and that becomes it. */
  static async start(
    random: Random,
    settings: Record<string, string> = {},
    through: readonly string[] = [],
  ): Promise<FaultWorld> {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'pilot-fault-')))
    const home = join(root, 'home')
    const undo: (() => unknown)[] = [() => rmSync(root, { recursive: true, force: true })]
    // Shells read the settings of whoever they belong to: here of nobody, so that they begin at once.
    const person = join(root, 'person')
    mkdirSync(person)
    const env = { HOME: person, SHELL: '/bin/bash', ...settings }
    try {
      const port = await freePort()
      const gateway = await startGateway(home, port, env)
      undo.push(() => gateway.kill('SIGKILL'))
      const tabs = await Relay.start({ to: port, random, rewriteHost: true })
      const machine = await Relay.start({ to: port, random, rewriteHost: true })
      undo.push(
        () => tabs.close(),
        () => machine.close(),
      )
      const { browser, instance } = await newTenant(`http://127.0.0.1:${port}/`)
      const input = { instance_id: instance.id }
      const { id: machineId } = await browser.call<{ id: string }>('mutation', 'machine.create', {
        ...input,
        name: 'box',
      })
      const { token } = await enroll(browser, machineId)
      const daemon = startDaemon(home, machine.url, env, { token, through })
      undo.push(() => daemon.kill('SIGKILL'))
      const identity = join(home, 'runtime', 'identity.json')
      const { runtime_id: runtimeId } = await until('the enrolment', () => {
        if (!daemon.running()) throw new Error(`the daemon ended:\n${daemon.output()}`)
        return JSON.parse(readFileSync(identity, 'utf8')) as { runtime_id: string }
      })
      const repository = makeRepository(join(root, 'shop'))
      const workspace = await newWorkspace(browser, { ...input, directory: repository, runtime_id: runtimeId })
      const processes = { gateway, daemon, tabs, machine, browser, env, through }
      return new FaultWorld({ home, repository, port, workspace, machineId, runtimeId, ...processes })
    } catch (cause) {
      for (const step of undo.reverse()) await step()
      throw cause
    }
  }

  /** Address of the workspace's routes, without a slash at its beginning. */
  path(rest: string, workspace = this.workspace): string {
    return `api/chamber/workspaces/${workspace.slug}/${rest}`
  }

  /** Another workspace on the same machine. */
  async addWorkspace(name: string): Promise<WorkspaceView> {
    const directory = makeRepository(join(this.home, '..', name))
    const { instance_id } = this.workspace
    return newWorkspace(this.browser, { instance_id, directory, runtime_id: this.runtimeId })
  }

  /** A tab of the workspace behind the relay; `through` another one, or null for none. */
  tab(through: Relay | null = this.tabs, browser = this.browser, workspace = this.workspace): NodeTab {
    const port = through?.port ?? this.port
    const url = `ws://127.0.0.1:${port}/${this.path('ws', workspace)}`
    const tab = new NodeTab({ url, origin: browser.origin, cookie: browser.cookie })
    this.#open.push(tab)
    return tab
  }

  /** A new terminal; by default a plain shell without anybody's settings. */
  async openTerminal(change: Partial<CreateTerminal> = {}, workspace = this.workspace): Promise<TerminalId> {
    const id = newId('terminal')
    const { status, body } = await this.browser.post(this.path('terminal', workspace), { id, ...change })
    if (status !== 201) throw new Error(`terminal: ${status} ${JSON.stringify(body)}`)
    return id
  }

  /** Ends a terminal with its program. */
  async closeTerminal(id: TerminalId): Promise<void> {
    const answer = await this.browser.fetch(`${this.path('terminal')}/${id}?force=1`, { method: 'DELETE' })
    if (answer.status !== 204) throw new Error(`closing: ${answer.status} ${await answer.text()}`)
  }

  /** The terminal as the list shows it. */
  async terminal(id: TerminalId): Promise<TerminalView> {
    const { status, body } = await this.browser.json(`${this.path('terminal')}/${id}`)
    if (status !== 200) throw new Error(`terminal: ${status} ${JSON.stringify(body)}`)
    return body as unknown as TerminalView
  }

  /** Processes that hold a terminal of this world. */
  hosts(): number[] {
    return hostsOf(this.home)
  }

  /** Starts the gateway again on its data and port, and waits until it answers. */
  async startGateway(): Promise<void> {
    this.gateway = await startGateway(this.home, this.port, this.#env)
  }

  /** Starts the daemon again; it finds its identity. */
  startDaemon(env: Record<string, string> = {}): void {
    this.daemon = startDaemon(this.home, this.machine.url, { ...this.#env, ...env }, { through: this.#through })
  }

  /** Waits until requests reach the machine. */
  async served(): Promise<void> {
    await until('the machine to be served', async () => (await this.browser.json(this.path('health'))).status === 200)
  }

  /** Every line that gateway and daemon have written, and what they keep in files that are no databases. */
  logs(): string {
    const files = readdirSync(this.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(log|json|jsonl|txt)$/.test(entry.name))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    return [this.gateway.output(), this.daemon.output(), ...files].join('\n')
  }

  /** Ends everything. Throws when a process of this world survives that. */
  async stop(): Promise<void> {
    for (const tab of this.#open.splice(0)) tab.close()
    const failure = await endTerminals(this.home).then(
      () => null,
      (cause: unknown) => cause,
    )
    await this.daemon.kill('SIGTERM')
    await this.gateway.kill('SIGTERM')
    await this.tabs.close()
    await this.machine.close()
    const alive = () => [...new Set([...processesOf(this.home), ...hostsOf(this.home)])]
    const left = await until('what it started to be gone', () => alive().length === 0, 10_000).catch(() =>
      alive().map((pid) => `${pid} ${commandLine(pid)}`),
    )
    for (const pid of alive()) process.kill(pid, 'SIGKILL')
    rmSync(join(this.home, '..'), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    if (failure) throw failure
    if (left !== true) throw new Error(`left behind: ${left.join('; ')}`)
  }
}

/** Ends every terminal of a home, programs that ignore hang-ups included. Throws when one of them survives that. */
export async function endTerminals(home: string): Promise<void> {
  if (hostsOf(home).length === 0) return
  const { code, output } = await runProduct(['stop', '--terminals', '--home', home], {})
  const left = await until('the terminals to end', () => hostsOf(home).length === 0, 10_000).catch(() => hostsOf(home))
  if (left === true) return
  for (const pid of left) process.kill(pid, 'SIGKILL')
  throw new Error(`pilot stop --terminals gave ${code} and left ${left.join(', ')}:\n${output}`)
}

async function startGateway(home: string, port: number, env: Record<string, string>): Promise<StartedProcess> {
  const gateway = startProduct(['serve', '--home', home, '--port', String(port)], env)
  await until('the gateway', async () => {
    if (!gateway.running()) throw new Error(`the gateway ended:\n${gateway.output()}`)
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok
  })
  return gateway
}

function startDaemon(
  home: string,
  url: string,
  env: Record<string, string>,
  { token, through }: { token?: string; through: readonly string[] },
): StartedProcess {
  const line = JSON.stringify({ control_url: url, ...(token ? { enrollment_token: token } : {}) })
  return startProduct(['runtime', '--home', home, '--allow-root', '--label', 'box'], env, `${line}\n`, through)
}

async function newWorkspace(
  browser: Browser,
  input: { instance_id: string; directory: string; runtime_id: string },
): Promise<WorkspaceView> {
  // Refused until the machine has said hello.
  const made = await until('the workspace to be taken', () =>
    browser.call<WorkspaceView>('mutation', 'workspace.create', { name: 'Shop', ...input }),
  )
  const view = await until('the workspace to be prepared', async () => {
    const now = await browser.call<WorkspaceView>('query', 'workspace.get', { workspace_slug: made.slug })
    return ['ready', 'error'].includes(now.status) && now
  })
  if (view.status === 'error') throw new Error(JSON.stringify(view.error))
  return view
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 200)
  } catch {
    return 'gone'
  }
}
