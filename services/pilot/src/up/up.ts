import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { nameTerminals } from '../commands/terminals.ts'
import { controlClient, type LocalSetup } from '../control-client.ts'
import { prepareHome } from '../home.ts'
import { takeLock } from '../lock.ts'
import { splitModelEnvironment } from './model-environment.ts'
import { openBrowser } from './open-browser.ts'
import { findFreePort, portIsFree } from './ports.ts'
import { selfCommand, superviseChild } from './supervised-child.ts'
import { chooseWorkspace } from './workspace-choice.ts'

export interface UpOptions {
  home: string
  port: number
  host: string
  workspace: string | undefined
  /** Directory the command was called from, and the checkout it runs from, if any. */
  calledFrom: string
  ownRoot: string | null
  baseUrl: string | undefined
  open: boolean
  print: (line: string) => void
}

/** How long the gateway may take to answer for the first time. */
const READY_MS = 30_000

/** Starts gateway and runtime, keeps them running, and returns the exit code once everything has stopped. */
export async function up(options: UpOptions): Promise<number> {
  const { print } = options
  const home = prepareHome(options.home)
  const control = controlClient(home)
  const choice = chooseWorkspace(options.workspace, options.calledFrom, options.ownRoot)
  const setup = () =>
    control.localSetup({
      user_name: userName(),
      machine_name: hostname(),
      directory: choice.directory,
      demo_directory: join(home, 'demo-shop'),
    })
  const lock = takeLock(home, 'up')
  if (!lock.held) return await openRunning(control, setup, lock.pid, options)

  if (!(await portIsFree(options.host, options.port))) {
    const free = await findFreePort(options.host, options.port + 1)
    print(`Port ${options.port} is taken by another program. Free it, or start on the next free one:`)
    print(`  npm start -- --port ${free}`)
    lock.release()
    return 1
  }
  if (process.getuid?.() === 0) {
    print('You are root: agents and terminals will be root, too. An ordinary user is safer.')
  }

  const { model, rest: own } = splitModelEnvironment(process.env)
  // Memory goes back to the system 10 s later, not at once: what streams needs it again right away.
  const rest = { MIMALLOC_PURGE_DELAY: '10000', ...own }
  const gateway = superviseChild({
    name: 'gateway',
    command: [
      ...selfCommand(),
      'serve',
      '--supervised',
      '--home',
      home,
      '--port',
      String(options.port),
      '--host',
      options.host,
      ...(options.baseUrl ? ['--base-url', options.baseUrl] : []),
    ],
    env: rest,
    onRestart: (name, code) => print(`The ${name} stopped (${code ?? 'signal'}) and is started again.`),
  })
  const stops: (() => Promise<void>)[] = [() => gateway.stop()]
  let finish: (code: number) => void = () => {}
  const finished = new Promise<number>((resolve) => {
    finish = resolve
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => finish(0))

  async function start(): Promise<void> {
    const status = await waitUntilReady(control)
    const first = await setup()
    const runtime = superviseChild({
      name: 'runtime',
      command: [...selfCommand(), 'runtime', '--supervised', '--home', home, '--allow-root'],
      env: rest,
      // Asked anew at every start: a token that was used is gone, and a runtime that knows itself needs none.
      firstLine: async () => {
        const { runtime: identity } = await setup().catch(() => first)
        return JSON.stringify({
          control_url: status.url,
          model_environment: model,
          ...(identity.enrollment_token ? { enrollment_token: identity.enrollment_token } : {}),
        })
      },
      onRestart: (name, code) => print(`The ${name} stopped (${code ?? 'signal'}) and is started again.`),
    })
    stops.unshift(() => runtime.stop())
    await showLink(control, first.workspace_slug, options)
    print('Ctrl-C stops everything but what runs in terminals; the next start finds all of it again.')
  }

  start().catch((error: unknown) => {
    print(error instanceof Error ? error.message : String(error))
    finish(1)
  })
  const code = await finished
  if (code === 0) print('Stopping…')
  for (const stop of stops) await stop()
  await nameTerminals(home, print)
  lock.release()
  return code
}

/** The name of the person: the environment's, else what the system calls this user. */
function userName(): string {
  const named = process.env.USER ?? process.env.LOGNAME
  return named || spawnSync('id', ['-un'], { encoding: 'utf8' }).stdout?.trim() || 'Owner'
}

type Control = ReturnType<typeof controlClient>

/** A second start on the same data: the directory it names becomes a workspace of the running one, which is opened. */
async function openRunning(
  control: Control,
  setup: () => Promise<LocalSetup>,
  pid: number,
  options: UpOptions,
): Promise<number> {
  options.print(`Pilot is already running here (process ${pid}); this opens it.`)
  try {
    const { workspace_slug } = await setup()
    await showLink(control, workspace_slug, options)
    return 0
  } catch (error) {
    options.print(error instanceof Error ? error.message : String(error))
    options.print('Try again in a moment, or stop that process.')
    return 1
  }
}

/** Prints the link, which leads to the workspace, and opens it where there is a desktop. */
async function showLink(control: Control, workspaceSlug: string | null, options: UpOptions): Promise<void> {
  const link = new URL((await control.ownerLink()).url)
  if (workspaceSlug) link.searchParams.set('next', `/${workspaceSlug}`)
  options.print('')
  options.print('  Pilot is ready. Sign in with this link (once, within 10 minutes):')
  options.print(`  ${link.href}`)
  options.print('')
  if (options.open && openBrowser(link.href, options.home).opened) options.print('It was opened in your browser.')
}

async function waitUntilReady(control: Control) {
  const deadline = performance.now() + READY_MS
  for (;;) {
    try {
      return await control.status()
    } catch (error) {
      if (performance.now() > deadline) {
        throw new Error('The gateway did not come up within 30 s. Its messages are above.', { cause: error })
      }
      await Bun.sleep(30)
    }
  }
}
