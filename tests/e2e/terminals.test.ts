import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Watched, watchedPage } from '../support/browser.ts'
import { until } from '../support/pilot.ts'
import {
  isLive,
  makeTerminal,
  moreMenu,
  newMenu,
  openNewMenu,
  openTerminal,
  ownScript,
  panes,
  promptThere,
  run,
  screen,
  shows,
  snapshot,
  startTerminalWorld,
  TERMINAL_URL,
  type TerminalWorld,
  terminalId,
  terminalRoute,
} from '../support/terminal-steps.ts'

const REFUSED = [/^4(?:00|04|09|22|29) /, /status of 4(?:00|04|09|22|29)/]
const LIMIT = 8

describe('the terminals of a workspace', () => {
  let world: TerminalWorld

  beforeAll(async () => {
    world = await startTerminalWorld({ env: { PILOT_TERMINALS_PER_RUNTIME: String(LIMIT) } })
  })
  afterAll(() => world?.stop())

  const tabs = (page: Page) => page.getByRole('tab')
  const titles = async (page: Page) =>
    (await page.locator('[role=tab] .truncate:first-child').allInnerTexts()).map((text) => text.trim())
  const dialog = (page: Page) => page.getByRole('dialog').or(page.getByRole('alertdialog'))

  /** Nothing runs, and no tab of before is there. */
  async function clear(page: Page): Promise<void> {
    const { terminals } = (await (await page.request.get(terminalRoute(world.url))).json()) as {
      terminals: { id: string }[]
    }
    for (const { id } of terminals) {
      const response = await page.request.delete(terminalRoute(world.url, `/${id}?force=1`), {
        headers: ownScript(world.url),
      })
      expect(response.status()).toBe(204)
    }
  }

  async function fresh(context: BrowserContext, expected: RegExp[] = []): Promise<Watched> {
    const watched = await watchedPage(context, expected)
    await clear(watched.page)
    await watched.page.goto(`${world.url}/terminal`)
    await watched.page.getByText('No terminal yet').waitFor()
    return watched
  }
  async function end({ page, problems }: Watched): Promise<void> {
    expect(problems).toEqual([])
    await page.close()
  }

  it('opens, names, reorders, splits and closes; the address and a reload bring all of it back', async () => {
    const watched = await fresh(world.desktop)
    const { page } = watched
    await page.getByRole('button', { name: 'New terminal' }).last().click()
    await page.waitForURL(TERMINAL_URL)
    await isLive(page)
    await promptThere(page)
    const first = terminalId(page)
    await run(page, 'echo one $((40+2))')
    await shows(page, 'one 42')

    const second = await openTerminal(page)
    expect(second).not.toBe(first)
    await promptThere(page)
    await tabs(page).nth(1).dblclick()
    await page.getByLabel('Name of the terminal').fill('server')
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: 'server' }).waitFor()
    await page.getByRole('tab').first().focus()
    await page.keyboard.press('F2')
    await page.getByLabel('Name of the terminal').fill('tests')
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: 'tests' }).waitFor()
    expect(await titles(page)).toEqual(['tests', 'server'])

    await page.getByRole('tab', { name: 'server' }).focus()
    await page.keyboard.press('Alt+ArrowLeft')
    await until('the other order', async () => (await titles(page)).join() === 'server,tests')

    await page.getByRole('tab', { name: 'tests' }).click()
    await shows(page, 'one 42')
    await page.getByRole('button', { name: 'Split to the right' }).click()
    await until('two halves', async () => (await panes(page).count()) === 2)
    await page.waitForURL((url) => !url.pathname.endsWith(first))
    await promptThere(page, 1)
    await run(page, 'echo right half')
    await shows(page, 'right half', 1)
    expect(await screen(page, 0)).not.toContain('right half')

    await page.reload()
    await until('two halves', async () => (await panes(page).count()) === 2)
    await shows(page, 'right half', 1)
    await shows(page, 'one 42', 0)
    expect(await titles(page)).toContain('server')

    // A link to a terminal puts it in front.
    await page.goto(`${world.url}/terminal/${second}`)
    await page.getByRole('tab', { name: 'server', selected: true }).waitFor()
    await isLive(page)
    await moreMenu(page, /End and close|Close/)
    await until('the tab to be gone', async () => (await page.getByRole('tab', { name: 'server' }).count()) === 0)
    await page.goto(`${world.url}/terminal/${second}`)
    await page.getByText('This terminal was closed').waitFor()
    await page.getByRole('button', { name: 'Show the other terminals' }).click()
    await page.waitForURL((url) => !url.pathname.endsWith(second))
    await end(watched)
  })

  it('says while it looks for shells and agents, and when the machine does not answer', async () => {
    const watched = await watchedPage(world.desktop, [/^503 /, /status of 503/])
    const { page } = watched
    await clear(page)
    const answer = Promise.withResolvers<void>()
    await page.route('**/terminal/programs', async (route) => {
      await answer.promise
      await route.fulfill({ status: 503, json: { error: { code: 'RUNTIME_OFFLINE', message: 'away' } } })
    })
    await page.goto(`${world.url}/terminal`)
    await page.getByText('No terminal yet').waitFor()
    await openNewMenu(page)
    await page.getByText('Looking for shells and agents…').waitFor()
    await page
      .getByRole('menuitem', { name: /^Shell/ })
      .and(page.locator(':not([data-disabled])'))
      .waitFor()
    answer.resolve()
    await page.getByText('The machine did not list its shells and agents.').waitFor()
    await page.unroute('**/terminal/programs')
    await page.keyboard.press('Escape')
    await openNewMenu(page)
    await page.getByRole('menuitem', { name: /OpenCode/ }).waitFor()
    expect(await page.getByText(/Looking for|did not list/).count()).toBe(0)
    await end(watched)
  })

  it('splits, and opens another one, where the program works now', async () => {
    const watched = await fresh(world.desktop)
    const { page } = watched
    mkdirSync(join(world.repo, 'packages', 'app'), { recursive: true })
    await page.getByRole('button', { name: 'New terminal' }).last().click()
    await promptThere(page)
    await run(page, 'cd packages/app')
    await promptThere(page)
    await page.keyboard.press('Alt+Shift+D')
    await until('two halves', async () => (await panes(page).count()) === 2)
    await promptThere(page, 1)
    await run(page, 'pwd; cd /')
    await shows(page, /\/packages\/app$/m, 1)
    // Nothing is opened outside of the workspace: it begins where the other one began.
    await page.keyboard.press('Alt+Shift+E')
    await until('three panes', async () => (await panes(page).count()) === 3)
    await promptThere(page, 2)
    await run(page, 'pwd; cat')
    await shows(page, /\/packages\/app$/m, 2)
    const before = page.url()
    await moreMenu(page, 'New terminal here')
    await page.waitForURL((url) => url.href !== before)
    await until('one pane', async () => (await panes(page).count()) === 1)
    await promptThere(page)
    await run(page, 'pwd')
    await shows(page, /\/packages\/app$/m)
    expect(await tabs(page).count()).toBe(2)
    await end(watched)
  })

  it('is not live from the moment at which the browser has no network, and says since when', async () => {
    const watched = await fresh(world.desktop, [/WebSocket connection to/, /net::ERR_/])
    const { page } = watched
    await page.getByRole('button', { name: 'New terminal' }).last().click()
    await isLive(page)
    const live = page.getByText(/^Live/)
    await until('header and frame to agree', async () => (await live.count()) === 2)
    expect(new Set(await live.allInnerTexts()).size).toBe(1)
    try {
      await world.desktop.setOffline(true)
      await until('nothing that says "live"', async () => (await live.count()) === 0, 1_000)
      await page
        .locator('header')
        .getByText(/^Stale since \d/)
        .waitFor()
      await page.getByText(/^Offline since \d/).waitFor()
      await page
        .getByText(/^Not connected since \d/)
        .first()
        .waitFor()
    } finally {
      await world.desktop.setOffline(false)
    }
    await isLive(page)
    await until('header and frame to agree', async () => (await live.count()) === 2)
    await run(page, 'echo here again')
    await shows(page, /^here again$/m)
    await end(watched)
  })

  it('asks before a program is ended, and again before one that ignores it is killed', async () => {
    const watched = await fresh(world.desktop, REFUSED)
    const { page } = watched
    await page.getByRole('button', { name: 'New terminal' }).last().click()
    await promptThere(page)
    await run(page, 'sleep 4321')
    await page.getByRole('tab', { name: /sleep/ }).waitFor()
    await moreMenu(page, 'End and close…')
    await dialog(page).getByText('sleep is still running in it').waitFor()
    await dialog(page).getByRole('button', { name: 'Cancel' }).click()
    expect(await tabs(page).count()).toBe(1)
    await page.keyboard.press('Alt+Shift+W')
    await dialog(page).getByRole('button', { name: 'End sleep' }).click()
    await page.getByText('No terminal yet').waitFor()

    // This shell looks idle and yet ignores the hang-up.
    const stubborn = await makeTerminal(page, world.url)
    await page.goto(`${world.url}/terminal/${stubborn}`)
    await promptThere(page)
    await run(page, "trap '' HUP; echo $$")
    await shows(page, /^\d+$/m)
    const shell = Number(/^(\d+)$/m.exec(await screen(page))?.[1])
    await moreMenu(page, 'End and close…')
    await dialog(page).getByText('did not end when it was asked to').waitFor({ timeout: 15_000 })
    process.kill(shell, 0)
    await dialog(page).getByRole('button', { name: 'End it' }).click()
    await page.getByText('No terminal yet').waitFor()
    expect(() => process.kill(shell, 0)).toThrow()
    await end(watched)
  })

  it('has a key for each of it', async () => {
    const watched = await fresh(world.desktop)
    const { page } = watched
    await page.getByRole('button', { name: 'New terminal' }).last().click()
    await promptThere(page)
    await page.keyboard.press('Alt+Shift+T')
    await until('two tabs', async () => (await tabs(page).count()) === 2)
    await promptThere(page)
    const second = terminalId(page)
    await page.keyboard.press('Control+PageUp')
    await page.waitForURL((url) => !url.pathname.endsWith(second))
    await page.keyboard.press('Alt+Shift+BracketRight')
    await page.waitForURL((url) => url.pathname.endsWith(second))
    await page.keyboard.press('Alt+Shift+E')
    await until('two halves', async () => (await panes(page).count()) === 2)
    await promptThere(page, 1)
    await page.keyboard.press('Alt+ArrowUp')
    await page.waitForURL((url) => url.pathname.endsWith(second))
    await run(page, 'echo upper')
    await shows(page, 'upper', 0)
    await page.keyboard.press('Alt+Shift+W')
    await until('one half', async () => (await panes(page).count()) === 1)
    await moreMenu(page, 'Keys')
    await dialog(page).getByText('Find in the output').waitFor()
    await page.keyboard.press('Escape')
    await dialog(page).waitFor({ state: 'detached' })
    await page.keyboard.press('Alt+Shift+W')
    await until('one tab', async () => (await tabs(page).count()) === 1)
    await end(watched)
  })

  it('opens each kind of the menu, shows what an installation would run, and names what is missing', async () => {
    const watched = await fresh(world.desktop, REFUSED)
    const { page } = watched
    const theirs = `pilot-e2e-${process.pid}`
    spawnSync('tmux', ['new-session', '-d', '-s', theirs, 'sh -c "echo from their tmux; exec sh"'])
    try {
      await page.goto(`${world.url}/terminal`)
      await openTerminal(page)
      await promptThere(page)
      await openTerminal(page, /^dash$/)
      await run(page, 'echo "shell is $0"')
      await shows(page, /shell is .*sh/)

      await openNewMenu(page)
      const install = page.getByRole('menuitem', { name: /Install Gemini CLI/ })
      await install.getByText(/^npm install --global --prefix .*@google\/gemini-cli$/).waitFor()
      await page.getByRole('menuitem', { name: theirs }).click()
      await shows(page, 'from their tmux')

      await newMenu(page, 'With options…')
      await dialog(page).getByLabel('Directory').fill('no/such/place')
      await dialog(page).getByRole('button', { name: 'Open terminal' }).click()
      await dialog(page).getByRole('alert').waitFor()
      expect(await dialog(page).getByRole('alert').innerText()).toContain('There is no directory "no/such/place"')
      await dialog(page).getByLabel('Directory').fill('')
      await dialog(page).getByLabel('Name').fill('kept by tmux')
      await dialog(page).getByLabel('Kept by').selectOption('tmux')
      await dialog(page).getByRole('button', { name: 'Open terminal' }).click()
      await page.getByRole('tab', { name: 'kept by tmux', selected: true }).waitFor()
      await isLive(page)
      await promptThere(page)
      await run(page, 'echo in tmux $((20+3))')
      await shows(page, 'in tmux 23')
      await page.reload()
      await shows(page, 'in tmux 23')
    } finally {
      spawnSync('tmux', ['kill-session', '-t', theirs])
    }
    await end(watched)
  })

  it('says when there may be no more, and that a program has ended', async () => {
    const watched = await fresh(world.desktop, REFUSED)
    const { page } = watched
    for (let made = 0; made < LIMIT; made++) {
      await makeTerminal(page, world.url)
    }
    await page.goto(`${world.url}/terminal`)
    await page.waitForURL(TERMINAL_URL)
    await promptThere(page)
    await newMenu(page, /^Shell/)
    await page.getByText(/as many (terminals )?as|Close one first/).waitFor({ timeout: 5_000 })
    expect(await tabs(page).count()).toBe(LIMIT)
    await panes(page).first().click()
    await run(page, 'exit 3')
    await page.getByText('Ended with code 3.').waitFor()
    await page.getByRole('button', { name: 'Open again' }).click()
    // Typed at once, before the new program is there: it is for that one.
    await run(page, 'echo a$((6*7))gain')
    await shows(page, 'a42gain')
    expect(await page.getByText('not sent').count()).toBe(0)
    await end(watched)
  })

  it('gives lists, text and ends by its routes to who is signed in, and to nobody else', async () => {
    const watched = await fresh(world.desktop, REFUSED)
    const { page } = watched
    const id = await makeTerminal(page, world.url, { title: 'by route' })
    await page.goto(`${world.url}/terminal/${id}`)
    await promptThere(page)
    await run(page, 'printf "\\033[31mred\\033[0m words\\n"')
    await shows(page, 'red words')
    await until('the text', async () => (await snapshot(page, world.url, id)).includes('red words'))
    expect(await snapshot(page, world.url, id)).not.toContain('\u001b')
    expect(await snapshot(page, world.url, id, 'format=ansi')).toMatch(/\u001b\[[\d;]*31m?.*red/)

    const nobody = await world.browser.newContext()
    for (const rest of ['', `/${id}`, `/${id}/snapshot?format=text`, '/programs', '/tmux']) {
      const response = await nobody.request.get(terminalRoute(world.url, rest))
      expect(`${rest} ${response.status()}`).toBe(`${rest} 401`)
      expect(await response.text()).not.toContain('red words')
    }
    expect(
      (await nobody.request.delete(terminalRoute(world.url, `/${id}`), { headers: ownScript(world.url) })).status(),
    ).toBe(401)
    expect(
      (await nobody.request.post(terminalRoute(world.url), { headers: ownScript(world.url), data: {} })).status(),
    ).toBe(401)
    await nobody.close()
    // Another site may use the browser's session for nothing.
    const foreign = await page.request.delete(terminalRoute(world.url, `/${id}`), {
      headers: { ...ownScript(world.url), origin: 'https://evil.example' },
    })
    expect(foreign.status()).toBe(403)

    expect(
      (await page.request.delete(terminalRoute(world.url, `/${id}`), { headers: ownScript(world.url) })).status(),
    ).toBe(204)
    await page.getByText(/No terminal yet|This terminal was closed/).waitFor()
    expect((await page.request.get(terminalRoute(world.url, `/${id}/snapshot?format=text`))).status()).toBe(404)
    await end(watched)
  })
})
