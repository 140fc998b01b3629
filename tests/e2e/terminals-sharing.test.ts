import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, type Watched, watchedPage } from '../support/browser.ts'
import { makeMember } from '../support/members.ts'
import { bunBinary, pilotProgram, until } from '../support/pilot.ts'
import {
  isLive,
  makeTerminal,
  moreMenu,
  panes,
  promptThere,
  run,
  screen,
  shows,
  startTerminalWorld,
  type TerminalWorld,
  terminalContext,
  withShell,
} from '../support/terminal-steps.ts'

/** The second one has a smaller window than the first. */
const SMALL = { width: 1000, height: 600 }

describe('a terminal that two people have open', () => {
  let world: TerminalWorld
  let theirs: BrowserContext

  beforeAll(async () => {
    world = await startTerminalWorld()
    const visitor = await world.browser.newContext({ viewport: DESKTOP })
    const page = await visitor.newPage()
    await page.goto(world.pilot.url)
    await page.getByRole('button', { name: 'Dev mode login' }).click()
    await page.getByRole('dialog').getByLabel('E-mail').fill('grace@example.com')
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Create your organization' }).waitFor()
    makeMember(world.pilot.home, 'grace@example.com')
    theirs = await terminalContext(world.browser, await visitor.storageState(), { viewport: SMALL })
    await visitor.close()
  })
  afterAll(() => world?.stop())

  /** The same new terminal on both screens. */
  async function both(): Promise<{ mine: Watched & { id: string }; other: Watched }> {
    const mine = await withShell(world.desktop, world.url)
    const other = await watchedPage(theirs)
    await other.page.goto(`${world.url}/terminal/${mine.id}`)
    await isLive(other.page)
    await promptThere(other.page)
    return { mine, other }
  }
  async function end(...all: Watched[]): Promise<void> {
    for (const { page, problems } of all) {
      expect(problems).toEqual([])
      await page.close()
    }
  }
  /** What the program is told to be its size. */
  async function sizeTold(page: Page, mark: string): Promise<string> {
    await run(page, `echo ${mark} $(stty size)`)
    const text = await shows(page, new RegExp(`^${mark} \\d+ \\d+$`, 'm'))
    return new RegExp(`^${mark} (\\d+ \\d+)$`, 'm').exec(text)?.[1] ?? ''
  }
  const foreign = (page: Page) => page.getByText(/^Sized by somebody else: \d+ × \d+/)

  it('both see and type the same, and its size is that of who typed last', async () => {
    const { mine, other } = await both()
    await run(mine.page, 'echo from one')
    await shows(other.page, /^from one$/m)
    const wide = await sizeTold(mine.page, 'first')
    await foreign(other.page).waitFor()
    await panes(other.page).first().click()
    await run(other.page, 'echo from two')
    await shows(mine.page, /^from two$/m)
    await foreign(mine.page).waitFor()
    await foreign(other.page).waitFor({ state: 'detached' })
    const small = await sizeTold(other.page, 'second')
    expect(small).not.toBe(wide)
    await run(mine.page, 'echo')
    await foreign(mine.page).waitFor({ state: 'detached' })
    await until('the first size', async () => (await sizeTold(mine.page, 'third')) === wide)
    await end(mine, other)
  })

  it('one alone may type when they say so; the other watches until they take over', async () => {
    const { mine, other } = await both()
    await moreMenu(mine.page, 'Let only me type')
    await other.page.getByText('Somebody else is typing here alone. You are watching.').waitFor()
    await panes(other.page).first().click()
    await run(other.page, 'echo refused')
    await panes(mine.page).first().click()
    await run(mine.page, 'echo mine alone')
    await shows(other.page, /^mine alone$/m)
    expect(await screen(mine.page)).not.toContain('refused')

    await other.page.getByRole('button', { name: 'Take over' }).click()
    await mine.page.getByText('Somebody else is typing here alone. You are watching.').waitFor()
    await run(other.page, 'echo taken over')
    await shows(mine.page, /^taken over$/m)
    // It is told after a reload, too.
    await mine.page.reload()
    await mine.page.getByText('Somebody else is typing here alone. You are watching.').waitFor()
    await moreMenu(other.page, 'Let everybody type')
    await mine.page.getByText('You are watching').waitFor({ state: 'detached' })
    await panes(mine.page).first().click()
    await run(mine.page, 'echo together')
    await shows(other.page, /^together$/m)
    expect(await screen(mine.page)).not.toContain('refused')
    await end(mine, other)
  })

  describe('from a shell on its machine', () => {
    /** Runs a command in a tmux of the test's own, as an SSH session would. */
    function ownTerminal() {
      const socket = join(world.home, `own-${process.pid}.sock`)
      const tmux = (...args: string[]) => spawnSync('tmux', ['-S', socket, ...args], { encoding: 'utf8' })
      const { TMUX: _, ...env } = process.env
      return {
        start: (command: string) =>
          spawnSync('tmux', ['-S', socket, '-f', '/dev/null', 'new-session', '-d', '-x', '100', '-y', '30', command], {
            env: { ...env, HOME: world.home, PILOT_HOME: world.pilot.home },
          }),
        type: (...keys: string[]) => tmux('send-keys', '-t', ':', ...keys),
        text: () => tmux('capture-pane', '-p', '-t', ':').stdout.trimEnd(),
        stop: () => tmux('kill-server'),
      }
    }

    it.each(['host', 'tmux'])('the command that is shown opens the same terminal: %s', async (source) => {
      const watched = await watchedPage(world.desktop)
      const { page, problems } = watched
      const id = await makeTerminal(page, world.url, { source })
      await page.goto(`${world.url}/terminal/${id}`)
      await promptThere(page)
      await run(page, 'echo seen in the browser')
      await shows(page, /^seen in the browser$/m)
      await moreMenu(page, 'Copy the command for SSH')
      await page.getByText('Command copied').waitFor()
      const command = await page.evaluate(() => navigator.clipboard.readText())
      expect(command).toContain('attach')
      const shell = ownTerminal()
      try {
        const program = `${bunBinary()} ${pilotProgram}`
        shell.start(`${command.replace(/^pilot /, `${program} `)}; echo "exit $?"; sleep 600`)
        await until(
          'the same text',
          () => {
            const text = shell.text()
            if (text.includes('seen in the browser')) return true
            throw new Error(text)
          },
          15_000,
        )
        shell.type('echo typed over ssh', 'Enter')
        await shows(page, /^typed over ssh$/m)
        await panes(page).first().click()
        await run(page, 'echo and back')
        await until('the answer', () => shell.text().includes('\nand back'), 10_000)
      } finally {
        shell.stop()
      }
      // Whoever leaves ends nothing.
      await run(page, 'echo still here')
      await shows(page, /^still here$/m)
      expect(problems).toEqual([])
      await page.close()
    })
  })
})
