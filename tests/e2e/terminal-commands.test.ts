import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { type Recorded, testHosts } from '@pilot/backend/terminal/host/testing-host'
import { tmuxServerPath } from '@pilot/backend/terminal/host/tmux/commands'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bunBinary, pilotProgram, terminalHolders, until } from '../support/pilot.ts'
import { makeTerminal, snapshot, startTerminalWorld, type TerminalWorld } from '../support/terminal-steps.ts'

/** The commands for somebody at the machine itself, beside a product that runs. */
describe('pilot terminals, attach and stop', () => {
  let world: TerminalWorld
  /** Stands for the terminal in which somebody types the commands. */
  let outer: ReturnType<typeof testHosts>
  beforeAll(async () => {
    outer = testHosts()
    world = await startTerminalWorld()
  })
  afterAll(async () => {
    await outer?.dispose()
    await world?.stop()
  })

  const pilot = (...args: string[]) => {
    const { stdout, status } = spawnSync(bunBinary(), [pilotProgram, ...args, '--home', world.pilot.home], {
      encoding: 'utf8',
      timeout: 40_000,
    })
    return { stdout, status }
  }
  const shows = (terminal: Recorded, text: string) => until(text, () => terminal.text().includes(text))

  it('name, open and end what was opened in the browser', async () => {
    const page = await world.desktop.newPage()
    await page.goto(world.url)
    expect(pilot('terminals').stdout).toContain('There are no terminals here.')
    const id = await makeTerminal(page, world.url)
    const listed = await until('it in the list', () => {
      const { stdout } = pilot('terminals')
      return stdout.includes(id) && stdout
    })
    expect(listed).toMatch(new RegExp(`${id}  running  .*process \\d+  `))
    const here = await outer.start([bunBinary(), pilotProgram, 'attach', id.slice(-8), '--home', world.pilot.home], {
      ...{ cols: 71, rows: 19 },
    })
    here.watch()
    await shows(here, 'to detach')
    here.type('echo from-"here" $(stty size)\r')
    await shows(here, 'from-here 19 71')
    // Those in the browser see the same.
    await until('it in the browser', async () => (await snapshot(page, world.url, id)).includes('from-here 19 71'))
    here.type('\x1cd')
    await shows(here, 'Detached. The terminal goes on.')
    await until('the command has ended', () => here.source.status.state === 'ended')
    expect(here.source.status.exit_code).toBe(0)
    expect(pilot('terminals').stdout).toContain(`${id}  running`)
    expect(pilot('attach', 'nothing-like-it')).toMatchObject({ status: 1 })
    const holders = terminalHolders(world.pilot.home)
    expect(holders).toHaveLength(1)
    const stopped = pilot('stop', '--terminals')
    expect(stopped.stdout).toContain('Pilot has stopped.')
    expect(stopped.stdout).toContain('Every terminal has ended.')
    expect(stopped.status).toBe(0)
    await until('nothing is left', () => terminalHolders(world.pilot.home).length === 0)
    await until('the product has ended', () => world.pilot.supervisor.exitCode !== null)
  })
})

it('stop --terminals leaves nothing of tmux behind', async () => {
  // A server that waited for a client that waited for it was left in four of ten rounds.
  for (let round = 0; round < 6; round++) {
    const hosts = testHosts()
    const server = tmuxServerPath(hosts.root, tmpdir())
    const tmux = () => spawnSync('pgrep', ['-f', server], { encoding: 'utf8' }).stdout.trim()
    try {
      for (const session of ['one', 'two']) {
        const layer = { kind: 'tmux' as const, session, own: true, argv: ['/bin/sh'] as [string] }
        await hosts.start(['/bin/true'], { layer })
      }
      expect(tmux()).not.toBe('')
      const stopped = spawnSync(bunBinary(), [pilotProgram, 'stop', '--terminals', '--home', hosts.home])
      expect(stopped.status).toBe(0)
      expect(tmux()).toBe('')
    } finally {
      spawnSync('pkill', ['-KILL', '-f', server])
      await hosts.dispose()
    }
  }
})
