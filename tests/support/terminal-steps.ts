import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '@pilot/domain/ids'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { DESKTOP, launchBrowser, PHONE, type Watched, watchedPage } from './browser.ts'
import { type PilotOptions, type RunningPilot, startPilot, until } from './pilot.ts'
import { makeRepository, scratchDirectory, signIn } from './steps.ts'

export const TERMINAL_URL = /\/terminal\/(term_[a-z0-9]{26})$/
export const AS_PHONE: BrowserContextOptions = { viewport: PHONE, hasTouch: true, isMobile: true }

/** What a browser says while the server is away for a moment; anything else is a fault of the page. */
export const AWAY = [/WebSocket connection to/, /net::ERR_/, /^50[234] /, /status of 50[234]/]

export interface TerminalWorld {
  pilot: RunningPilot
  browser: Browser
  /** Directory of the workspace. */
  repo: string
  /** Home directory of the person whose shells run. */
  home: string
  /** Address of the workspace. */
  url: string
  /** A signed-in browser of the owner. */
  desktop: BrowserContext
  phone: BrowserContext
  stop: () => Promise<void>
}

/** The product with one workspace, a browser, and a home directory with an unmistakable prompt. */
export async function startTerminalWorld(options: Omit<PilotOptions, 'workspace'> = {}): Promise<TerminalWorld> {
  const scratch = scratchDirectory()
  const undo: (() => unknown)[] = [() => scratch.remove()]
  const stop = async () => {
    for (const step of undo.reverse()) await step()
  }
  try {
    const home = join(scratch.path, 'person')
    mkdirSync(home)
    writeFileSync(join(home, '.bashrc'), `PS1='${PROMPT} '\nHISTFILE=\n`)
    const repo = makeRepository(join(scratch.path, 'shop'))
    const env = { HOME: home, SHELL: '/bin/bash', ...options.env }
    const pilot = await startPilot({ ...options, workspace: repo, env })
    undo.push(() => pilot.stop())
    const browser = await launchBrowser()
    undo.push(() => browser.close())
    const first = await browser.newContext({ viewport: DESKTOP })
    const url = await signIn(await first.newPage(), pilot.link, 'shop')
    const storageState = await first.storageState()
    await first.close()
    const desktop = await terminalContext(browser, storageState)
    const phone = await terminalContext(browser, storageState, AS_PHONE)
    return { pilot, browser, repo, home, url, desktop, phone, stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

const PROMPT = 'ready>'

/**
 * A signed-in browser context whose terminals are read out to screen readers, which is how tests read the screen that a
 * tab draws.
 */
export async function terminalContext(
  browser: Browser,
  storageState: BrowserContextOptions['storageState'],
  options: BrowserContextOptions = { viewport: DESKTOP },
): Promise<BrowserContext> {
  const context = await browser.newContext({
    ...options,
    ...(storageState === undefined ? {} : { storageState }),
    permissions: ['clipboard-read', 'clipboard-write'],
    reducedMotion: 'reduce',
  })
  await watchAsReader(context)
  return context
}

/** Makes the terminals of a context be read out. */
export async function watchAsReader(context: BrowserContext): Promise<void> {
  context.setDefaultTimeout(15_000)
  await context.addInitScript(() => {
    const key = 'pilot.terminal'
    if (!localStorage.getItem(key)) localStorage.setItem(key, JSON.stringify({ screen_reader: true }))
  })
}

/** The terminal that the address names. */
export function terminalId(page: Page): string {
  const id = TERMINAL_URL.exec(new URL(page.url()).pathname)?.[1]
  if (!id) throw new Error(`${page.url()} names no terminal`)
  return id
}

/** How true the picture is, as the header says it. */
export const linkState = (page: Page, text: RegExp) => page.locator('header').getByText(text).first()

/** The terminal in sight is attached and shows what is. */
export const isLive = (page: Page) => linkState(page, /^Live · \d+ ms$/).waitFor({ timeout: 20_000 })

/** Terminals in sight: one, or the halves of a split. */
export const panes = (page: Page) => page.locator('[data-terminal]:visible')

/** The menu of all that a new terminal may run. */
export const openNewMenu = (page: Page) =>
  page.locator('header').getByRole('button', { name: 'New terminal', exact: true }).click()

export const newMenu = async (page: Page, item: string | RegExp) => {
  await openNewMenu(page)
  await page.getByRole('menuitem', { name: item }).click()
}

export const moreMenu = async (page: Page, item: string | RegExp) => {
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

/** Opens a terminal by the menu and returns its id once its shell can be typed into. */
export async function openTerminal(page: Page, item: RegExp = /^Shell/): Promise<string> {
  const before = page.url()
  await newMenu(page, item)
  await page.waitForURL((url) => TERMINAL_URL.test(url.pathname) && url.href !== before)
  await isLive(page)
  return terminalId(page)
}

/** A page of its own with a new shell in it. */
export async function withShell(
  context: BrowserContext,
  workspaceUrl: string,
  expected: RegExp[] = [],
): Promise<Watched & { id: string }> {
  const watched = await watchedPage(context, expected)
  const { page } = watched
  const id = await makeTerminal(page, workspaceUrl)
  await page.goto(`${workspaceUrl}/terminal/${id}`)
  await isLive(page)
  await promptThere(page)
  return { ...watched, id }
}

const ROUTES = '/api/chamber/workspaces'
/** What a page of ours says with every request that changes something. */
export const ownScript = (workspaceUrl: string) => ({ 'x-pilot-csrf': '1', origin: new URL(workspaceUrl).origin })

/** Address of a route of the workspace's terminals. */
export function terminalRoute(workspaceUrl: string, rest = ''): string {
  const { origin, pathname } = new URL(workspaceUrl)
  return `${origin}${ROUTES}${pathname}/terminal${rest}`
}

/** Makes a terminal by its route, with the session of the page's browser. */
export async function makeTerminal(page: Page, workspaceUrl: string, body: object = {}): Promise<string> {
  const id = newId('terminal')
  const response = await page.request.post(terminalRoute(workspaceUrl), {
    data: { id, ...body },
    headers: ownScript(workspaceUrl),
  })
  if (response.status() !== 201) throw new Error(`${response.status()} ${await response.text()}`)
  return id
}

/** The text of a terminal as its machine has it. */
export async function snapshot(page: Page, workspaceUrl: string, id: string, query = 'format=text'): Promise<string> {
  const response = await page.request.get(terminalRoute(workspaceUrl, `/${id}/snapshot?${query}`))
  if (!response.ok()) throw new Error(`${response.status()} ${await response.text()}`)
  return await response.text()
}

/** The visible lines that a tab draws, as a screen reader gets them. */
export async function screen(page: Page, index = 0): Promise<string> {
  const rows = await panes(page).nth(index).locator('.xterm-accessibility-tree [role=listitem]').allTextContents()
  return rows
    .map((row) => row.replaceAll('\u00a0', ' ').trimEnd())
    .join('\n')
    .trimEnd()
}

/** Waits until the visible lines hold a text; gives them. */
export function shows(page: Page, text: string | RegExp, index = 0): Promise<string> {
  return until(
    `the terminal to show ${text}`,
    async () => {
      const now = await screen(page, index)
      if (typeof text === 'string' ? now.includes(text) : text.test(now)) return now
      throw new Error(`it shows:\n${now}`)
    },
    20_000,
  )
}

/** A shell waits for its next command. */
export const promptThere = (page: Page, index = 0) => shows(page, new RegExp(`${PROMPT}$`), index)

/** Types a command into the terminal with the focus. */
export async function run(page: Page, command: string): Promise<void> {
  await page.keyboard.type(command)
  await page.keyboard.press('Enter')
}

/** How often a pattern is found in all that a tab holds of a terminal, scrolled away or not; at most 999 times. */
export async function countInTab(page: Page, pattern: string): Promise<number> {
  const phone = (page.viewportSize()?.width ?? 0) <= PHONE.width
  if (phone) await moreMenu(page, 'Find in the output')
  else await page.locator('header').getByRole('button', { name: 'Find in the output' }).click()
  const find = page.getByRole('textbox', { name: 'Find in the output' })
  await page.getByRole('button', { name: 'Regular expression' }).click()
  await find.fill(pattern)
  const found = await page.getByText(/^(\d+ of \d+|Not found)$/).innerText()
  await find.press('Escape')
  await find.waitFor({ state: 'detached' })
  return Number(/of (\d+)/.exec(found)?.[1] ?? 0)
}

/** Numbers of the lines `n<number>.` in a text, in their order. */
export const lineNumbers = (text: string): number[] => [...text.matchAll(/n(\d+)\./g)].map((match) => Number(match[1]))
