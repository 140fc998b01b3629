import { Command, InvalidArgumentError } from 'commander'
import { checkoutRoot } from './app-directory.ts'
import { controlClient } from './control-client.ts'
import { defaultHome } from './home.ts'

/** See NETWORK.yml. */
const DEFAULT_PORT = 14070

function port(value: string): number {
  const number = Number(value)
  if (!/^\d{1,5}$/.test(value) || number < 1 || number > 65_535)
    throw new InvalidArgumentError('Give a port from 1 to 65535.')
  return number
}

// Each command loads its own part of the program: the supervisor needs no database, the daemon no control plane.
const print = (line: string) => process.stdout.write(`${line}\n`)
const program = new Command('pilot').description('Your own cloud for coding agents.').showHelpAfterError()
const home = ['--home <directory>', 'where everything is kept (PILOT_HOME)'] as const
const baseUrl = ['--base-url <url>', 'address behind a proxy, such as https://host/pilot/ (PILOT_BASE_URL)'] as const

program
  .command('up', { isDefault: true })
  .description('start everything on this computer')
  .option('--workspace <directory>', 'first workspace; default is the repository you are in')
  .option('--port <port>', 'port of the app', port, DEFAULT_PORT)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option(...home, defaultHome())
  .option(...baseUrl, process.env.PILOT_BASE_URL)
  .option('--no-open', 'do not open a browser')
  .action(
    async (options: {
      workspace?: string
      port: number
      host: string
      home: string
      baseUrl?: string
      open: boolean
    }) => {
      const { up } = await import('./up/up.ts')
      process.exitCode = await up({
        ...options,
        workspace: options.workspace,
        baseUrl: options.baseUrl,
        calledFrom: process.env.INIT_CWD ?? process.cwd(),
        ownRoot: checkoutRoot(),
        print,
      })
      process.exit()
    },
  )

program
  .command('serve')
  .description('run the control plane alone')
  .option('--port <port>', 'port to listen on', port, DEFAULT_PORT)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option(...home, defaultHome())
  .option(...baseUrl, process.env.PILOT_BASE_URL)
  .option('--supervised', 'end with the process that started this one', false)
  .action(async (options: { port: number; host: string; home: string; baseUrl?: string; supervised: boolean }) => {
    const { serve } = await import('./commands/serve.ts')
    process.exit(await serve({ ...options, baseUrl: options.baseUrl }))
  })

program
  .command('runtime')
  .description('run the daemon of this machine; where to dial is read from stdin')
  .option(...home, defaultHome())
  .option('--label <name>', 'name of this machine')
  .option('--allow-root', 'run although the user is root', process.env.PILOT_ALLOW_ROOT === '1')
  .option('--supervised', 'end with the process that started this one', false)
  .action(async (options: { home: string; label?: string; allowRoot: boolean; supervised: boolean }) => {
    const { runtime } = await import('./commands/runtime.ts')
    process.exit(await runtime({ ...options, label: options.label }))
  })

program
  .command('join <url>')
  .description('make this computer a machine of the control plane at that address')
  .option(...home, defaultHome())
  .option('--label <name>', 'name of this machine')
  .option('--allow-root', 'run although the user is root', process.env.PILOT_ALLOW_ROOT === '1')
  .action(async (url: string, options: { home: string; label?: string; allowRoot: boolean }) => {
    const { join } = await import('./commands/join.ts')
    process.exit(await join({ url, ...options, label: options.label }))
  })

program
  .command('link')
  .description('print a new sign-in link for the owner')
  .option(...home, defaultHome())
  .action(async (options: { home: string }) => {
    print((await controlClient(options.home).ownerLink()).url)
  })

program
  .command('status')
  .description('say what is running')
  .option(...home, defaultHome())
  .action(async (options: { home: string }) => {
    try {
      const { url, pid, version } = await controlClient(options.home).status()
      print(`Pilot ${version} is running at ${url} (process ${pid}).`)
    } catch {
      print('Pilot is not running here. Start it with "pilot up".')
      process.exitCode = 1
    }
  })

program
  .command('terminals')
  .description('list the terminals of this computer')
  .option(...home, defaultHome())
  .action(async (options: { home: string }) => {
    const { terminals } = await import('./commands/terminals.ts')
    await terminals(options.home, print)
  })

program
  .command('attach [terminal]')
  .description('open a terminal here, by its id or the end of it; without one, list them')
  .option(...home, defaultHome())
  .action(async (terminal: string | undefined, options: { home: string }) => {
    const { attach } = await import('./commands/attach.ts')
    process.exit(await attach(options.home, terminal, print))
  })

program
  .command('stop')
  .description('stop "pilot up"; terminals live on unless they are named')
  .option('--terminals', 'end every terminal, too', false)
  .option(...home, defaultHome())
  .action(async (options: { home: string; terminals: boolean }) => {
    const { stop } = await import('./commands/stop.ts')
    process.exit(await stop({ ...options, print }))
  })

await program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
