import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, launchBrowser, PHONE, watchedPage } from '../support/browser.ts'
import { accessibilityProblems, cutOff, sidewaysScroll, smallTargets } from '../support/checks.ts'
import { type RunningPilot, startPilot, until } from '../support/pilot.ts'
import { listedAs, makeRepository, scratchDirectory, signIn, startSession } from '../support/steps.ts'
import { isLive, makeTerminal, moreMenu, run, snapshot } from '../support/terminal-steps.ts'

const PICTURES = join(fileURLToPath(import.meta.url), '..', '..', '..', 'dist', 'screens')

const SIZES = {
  desktop: { viewport: DESKTOP },
  phone: { viewport: PHONE, hasTouch: true, isMobile: true },
}

/** Colours that are on their way to another theme are not what a person sees. */
const settled = (page: Page) =>
  page.evaluate(async () => {
    // They begin with the frame that knows the other theme.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    const moving = document.getAnimations().filter((animation) => animation instanceof CSSTransition)
    await Promise.allSettled(moving.map((animation) => animation.finished))
  })

/** Real pages of the running product, in both sizes and both themes, with pictures of each in dist/screens. */
describe('screens', () => {
  const scratch = scratchDirectory()
  let pilot: RunningPilot
  let browser: Browser
  let contexts: Record<keyof typeof SIZES, BrowserContext>
  let workspace: string
  let instance: string
  let asking: string
  let done: string
  let terminal: string

  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true })
    const repo = makeRepository(join(scratch.path, 'web-shop'), {
      'README.md': '# Web shop\n\nA small shop.\n',
      'cart.js': 'export function total(lines) {\n  return lines.length\n}\n',
    })
    pilot = await startPilot({ workspace: repo })
    browser = await launchBrowser()
    const context = await browser.newContext({ viewport: DESKTOP })
    const page = await context.newPage()
    workspace = await signIn(page, pilot.link, 'web-shop')
    await page.getByRole('link', { name: 'Workspaces' }).click()
    await page.getByRole('heading', { name: 'Machines' }).waitFor()
    instance = page.url()
    const todos = [
      { content: 'Read the cart', status: 'completed', priority: 'high' },
      { content: 'Add up the prices', status: 'in_progress', priority: 'high' },
    ]
    const script = (title: string, ...more: string[]) =>
      [
        title,
        '@tool read {"filePath":"cart.js"}',
        '@tool grep {"pattern":"total"}',
        `@tool todowrite ${JSON.stringify({ todos })}`,
        `@tool edit ${JSON.stringify({ filePath: 'cart.js', oldString: 'lines.length', newString: 'lines.reduce((sum, line) => sum + line.price, 0)' })}`,
        ...more,
      ].join('\n')
    done = await startSession(
      page,
      workspace,
      script('Fix the total of the cart', '@say **Done.** `total()` adds up the prices now, see `cart.js`.'),
    )
    await listedAs(page, 'Done').waitFor({ timeout: 90_000 })
    const command = { command: 'node --test', description: 'Run the tests' }
    asking = await startSession(
      page,
      workspace,
      script('Add a test for the cart', `@tool bash ${JSON.stringify(command)}`),
    )
    await page.getByRole('button', { name: /Allow once/ }).waitFor({ timeout: 90_000 })
    const id = await makeTerminal(page, workspace, { title: 'Tests' })
    terminal = `${workspace}/terminal/${id}`
    await page.goto(terminal)
    await isLive(page)
    await run(page, "clear; git log --oneline --color; printf '\\033[3%dmcolour \\033[0m' 1 2 3 4 5 6; echo")
    await until('the colours', async () => /(colour ){6}/.test(await snapshot(page, workspace, id)))
    const storageState = await context.storageState()
    await context.close()
    contexts = {
      desktop: await browser.newContext({ ...SIZES.desktop, storageState }),
      phone: await browser.newContext({ ...SIZES.phone, storageState }),
    }
  })
  afterAll(async () => {
    await browser?.close()
    await pilot?.stop()
    scratch.remove()
  })

  interface Scene {
    name: string
    url: () => string
    ready: (page: Page) => ReturnType<Page['locator']>
    signedOut?: true
    expected?: RegExp[]
    /** What a person does first. */
    prepare?: (page: Page) => Promise<void>
  }
  const SCENES: Scene[] = [
    {
      name: 'login',
      url: () => `${pilot.url}/login`,
      ready: (page) => page.getByRole('heading', { name: /Sign in/ }),
      signedOut: true,
    },
    { name: 'new-organization', url: () => `${pilot.url}/new-organization`, ready: (page) => page.getByLabel('Name') },
    { name: 'first-task', url: () => `${workspace}/new`, ready: (page) => page.getByText('Demo model').last() },
    {
      name: 'session-permission',
      url: () => asking,
      ready: (page) => page.getByRole('button', { name: /Allow once/ }),
    },
    { name: 'session-done', url: () => done, ready: (page) => page.getByText('adds up the prices now').last() },
    { name: 'sessions', url: () => workspace, ready: (page) => page.getByText('Fix the total').first() },
    {
      name: 'terminals',
      url: () => `${workspace}/terminal`,
      ready: (page) => page.getByText('Tests', { exact: true }).first(),
    },
    { name: 'terminal', url: () => terminal, ready: (page) => page.getByText(/^Live/).last() },
    {
      name: 'terminal-find',
      url: () => terminal,
      ready: (page) => page.getByText(/^\d+ of \d+$/),
      prepare: async (page) => {
        await isLive(page)
        const phone = (page.viewportSize()?.width ?? 0) <= PHONE.width
        if (phone) await moreMenu(page, 'Find in the output')
        else await page.getByRole('button', { name: 'Find in the output' }).click()
        await page.getByRole('textbox', { name: 'Find in the output' }).fill('colour')
      },
    },
    {
      name: 'terminal-paste',
      url: () => terminal,
      ready: (page) => page.getByRole('dialog').getByText('Paste 2 lines?'),
      prepare: async (page) => {
        await isLive(page)
        const target = (await page.getByLabel('Type into the terminal').count())
          ? page.getByLabel('Type into the terminal')
          : page.locator('.xterm-helper-textarea')
        await target.evaluate((node) => {
          const clipboardData = new DataTransfer()
          clipboardData.setData('text/plain', 'git add .\ngit commit')
          node.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
        })
      },
    },
    { name: 'instance', url: () => instance, ready: (page) => page.getByText('Online').first() },
    {
      name: 'machines',
      url: () => `${instance}/machines`,
      ready: (page) => page.getByText('Online').first(),
    },
    {
      name: 'dialog-directory',
      url: () => `${instance}?dialog=directory`,
      ready: (page) => page.getByRole('dialog').getByLabel('Directory'),
    },
    {
      name: 'dialog-machine',
      url: () => `${instance}?dialog=machine`,
      ready: (page) => page.getByRole('dialog').getByLabel('Name'),
    },
    {
      name: 'dialog-model',
      url: () => `${instance}?dialog=model`,
      ready: (page) => page.getByRole('dialog').getByLabel('Provider'),
    },
    {
      name: 'workspace-settings',
      url: () => `${workspace}/settings`,
      ready: (page) => page.getByRole('button', { name: 'Delete workspace…' }),
    },
    {
      name: 'user-settings',
      url: () => `${pilot.url}/user/settings`,
      ready: (page) => page.getByText('Theme of this device'),
    },
    {
      name: 'not-found',
      url: () => `${pilot.url}/nothing-here`,
      ready: (page) => page.getByText('There is nothing at this address'),
      expected: [/404/],
    },
  ]
  const CASES = SCENES.flatMap((scene) => [
    { ...scene, size: 'desktop' as const },
    { ...scene, size: 'phone' as const },
  ])

  it.each(CASES)('$name on a $size', async ({ name, url, ready, size, signedOut, expected, prepare }) => {
    const phone = size === 'phone'
    // One context per size: a page's code is compiled once.
    const context = signedOut ? await browser.newContext(SIZES[size]) : contexts[size]
    const { page, problems } = await watchedPage(context, expected)
    await page.goto(url())
    await prepare?.(page)
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
      await ready(page).waitFor()
      await settled(page)
      await page.screenshot({ path: join(PICTURES, `${name}-${size}-${theme}.png`) })
      // Shapes are the same in both themes; on a phone colours are those of the desktop.
      if (theme === 'light' || !phone)
        problems.push(...(await accessibilityProblems(page)).map((problem) => `${theme}: ${problem}`))
    }
    problems.push(...(await cutOff(page)))
    if (phone) problems.push(...(await smallTargets(page)))
    expect(await sidewaysScroll(page)).toBe(0)
    expect(problems).toEqual([])
    await page.close()
    if (signedOut) await context.close()
  })

  it('every page is the shell that was sent when it takes over, also where everything else is there already', async () => {
    const { page, problems } = await watchedPage(contexts.desktop, [/404/])
    // React takes its turns by messages to itself: these come late.
    await page.addInitScript(() => {
      const send = MessagePort.prototype.postMessage
      MessagePort.prototype.postMessage = function (this: MessagePort, ...message: [unknown]) {
        setTimeout(() => send.apply(this, message), 20)
      }
    })
    for (const { url, ready } of SCENES.filter((scene) => !scene.prepare && !scene.signedOut)) {
      await page.goto(url())
      await ready(page).waitFor()
    }
    expect(problems).toEqual([])
    await page.close()
  })
})
