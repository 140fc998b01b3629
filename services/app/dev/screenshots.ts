import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { emptyState, fullState, instance, type MockState, machine, organization, USER } from './mock-data.ts'
import { startMockServer } from './mock-server.ts'
import { type Scene, TERMINAL_SCENES } from './terminal-scenes.ts'

/**
 * Takes every page in both sizes and both themes, and checks on each: no console error, no sideways scroll, targets of
 * at least 44 px on the phone, nothing serious found by axe. Usage: node dev/screenshots.ts OUTPUT_DIRECTORY [filter]
 */
const SIZES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
} as const
const THEMES = ['light', 'dark'] as const
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
/** What a browser without a graphics processor says of its own drawing, and of a slow computer. */
const NOISE = /GL Driver Message|task queue exceeded/
/** Fingers are about this wide, in CSS px. */
const MIN_TARGET = 44

const acme = organization('Acme', 'acme')
const storefront = instance(acme, 'storefront', 'storefront')
const login = (): MockState => ({ ...emptyState(), devLogin: true })
const only = (change: Partial<MockState>) => (): MockState => ({ ...emptyState(), user: USER, ...change })
const press = (name: string) => (page: Page) => page.getByRole('button', { name }).first().click()

const SCENES: Scene[] = [
  { name: 'login', path: '/login', state: login, ready: 'text=Dev mode login' },
  { name: 'login-dev', path: '/login', state: login, ready: 'text=Dev mode login', act: press('Dev mode login') },
  {
    name: 'login-expired',
    path: '/login#owner=used',
    state: login,
    ready: 'text=cannot be used any more',
    expected: /owner-link\/redeem|410/,
  },
  { name: 'new-organization', path: '/new-organization', state: only({}), ready: 'text=Create your organization' },
  { name: 'no-instance', path: '/acme', state: only({ organizations: [acme] }), ready: 'text=Create Instance' },
  {
    name: 'no-machine',
    path: '/acme/storefront',
    state: only({ organizations: [acme], instances: [storefront] }),
    ready: 'text=Create Machine',
  },
  {
    name: 'no-workspace',
    path: '/acme/storefront',
    state: only({ organizations: [acme], instances: [storefront], machines: [machine(storefront.id, 'mini-1')] }),
    ready: 'text=No workspace yet',
  },
  { name: 'instance', path: '/acme/storefront', state: fullState, ready: 'text=billing-api' },
  { name: 'machines', path: '/acme/storefront/machines', state: fullState, ready: 'text=hetzner-2' },
  {
    name: 'machine-menu',
    path: '/acme/storefront/machines',
    state: fullState,
    ready: 'text=hetzner-2',
    act: press('More for hetzner-2'),
  },
  { name: 'add-directory', path: '/acme/storefront?dialog=directory', state: fullState, ready: 'role=dialog' },
  {
    name: 'add-directory-taken',
    path: '/acme/storefront?dialog=directory',
    state: fullState,
    ready: 'role=dialog',
    act: async (page) => {
      await page.getByLabel('Directory', { exact: true }).fill('/home/mara/projects/web-shop')
      await page.waitForSelector('text=already taken')
    },
  },
  {
    name: 'connect-machine',
    path: '/acme/storefront?dialog=machine',
    state: fullState,
    ready: 'role=dialog',
    act: async (page) => {
      await page.getByLabel('Name').fill('build-server')
      await page.getByRole('button', { name: 'Create machine' }).click()
      await page.waitForSelector('text=Waiting for the machine')
    },
  },
  { name: 'model', path: '/acme/storefront?dialog=model', state: fullState, ready: 'text=Stored sealed' },
  { name: 'settings', path: '/acme/settings', state: fullState, ready: 'text=Delete organization' },
  {
    name: 'delete-organization',
    path: '/acme/settings',
    state: fullState,
    ready: 'text=Delete organization',
    act: press('Delete organization…'),
  },
  { name: 'workspace-settings', path: '/web-shop/settings', state: fullState, ready: 'text=Delete workspace' },
  { name: 'user-settings', path: '/user/settings', state: fullState, ready: 'text=Theme of this device' },
  { name: 'admin', path: '/admin', state: fullState, ready: 'text=session_id' },
  {
    name: 'not-found',
    path: '/nothing-here',
    state: fullState,
    ready: 'text=nothing at this address',
    expected: /404/,
  },
  {
    name: 'loading',
    path: '/acme/storefront',
    state: () => ({ ...fullState(), hanging: ['machine.list', 'workspace.list', 'model.get'] }),
    ready: 'h1',
  },
  {
    name: 'error',
    path: '/acme/storefront/machines',
    state: () => ({ ...fullState(), failing: ['machine.list'] }),
    ready: 'text=could not be loaded',
    expected: /500|207/,
  },
  {
    name: 'palette',
    path: '/acme/storefront',
    state: fullState,
    ready: 'text=billing-api',
    act: async (page) => {
      await page.keyboard.press('Control+k')
      await page.waitForSelector('[cmdk-input]')
    },
  },
  {
    name: 'more',
    path: '/acme/storefront',
    state: fullState,
    ready: 'text=billing-api',
    act: async (page) => {
      if ((page.viewportSize()?.width ?? 0) > 768) await press('Your menu')(page)
      else await page.getByRole('button', { name: 'More', exact: true }).click()
      await page.waitForSelector('text=Sign out')
    },
  },
  ...TERMINAL_SCENES,
]

async function shoot(
  browser: Browser,
  scene: Scene,
  size: keyof typeof SIZES,
  theme: (typeof THEMES)[number],
  out: string,
) {
  const server = await startMockServer(scene.state(), scene.name.length % 2 === 0 ? '/' : '/pilot/')
  const phone = size === 'phone'
  const context = await browser.newContext({
    viewport: SIZES[size],
    colorScheme: theme,
    hasTouch: phone,
    isMobile: phone,
    deviceScaleFactor: 1,
    bypassCSP: false,
  })
  const problems: string[] = []
  try {
    const page = await context.newPage()
    const note = (text: string) => {
      if (!scene.expected?.test(text) && !NOISE.test(text)) problems.push(text)
    }
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        note(`${message.text()} ${message.location().url}`)
    })
    page.on('pageerror', (error) => note(String(error)))
    await page.goto(server.url + scene.path)
    await page.locator(scene.ready).filter({ visible: true }).first().waitFor({ timeout: 8_000 })
    await scene.act?.(page)
    await page.evaluate(() => document.fonts.ready)
    await page.evaluate(() =>
      Promise.all(
        document
          .getAnimations()
          .filter((a) => a.effect?.getComputedTiming().iterations === 1)
          .map((a) => a.finished.catch(() => undefined)),
      ),
    )
    await page.screenshot({ path: join(out, `${scene.name}-${size}-${theme}.png`) })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    if (wide > 0) problems.push(`scrolls ${wide} px sideways`)
    problems.push(...(await wideParts(page)))
    if (phone) problems.push(...(await smallTargets(page)))
    problems.push(...(await axe(page)))
  } catch (cause) {
    problems.push(String(cause).split('\n')[0] ?? 'failed')
  } finally {
    await context.close()
    await server.close()
  }
  for (const problem of problems) console.error(`${scene.name} ${size} ${theme}: ${problem}`)
  return problems.length
}

/** Parts of the page that could be scrolled sideways although nothing of them is meant to be. */
function wideParts(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('#page, #page *, [role=dialog] *')]
      .filter((node) => ['auto', 'scroll'].includes(getComputedStyle(node).overflowX))
      .filter(
        (node) =>
          node.scrollWidth > node.clientWidth && !node.matches('pre, textarea, [role=toolbar], :has(> [role=tablist])'),
      )
      .map((node) => `part scrolls sideways: ${node.outerHTML.slice(0, 120)}`),
  )
}

function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate((min) => {
    const nodes = document.querySelectorAll<HTMLElement>(
      'a[href], button, input, select, textarea, [role=menuitem], [role=option]',
    )
    return [...nodes]
      .filter(
        (node) =>
          node.checkVisibility() &&
          !node.closest('.sr-only, [aria-hidden=true]') &&
          !node.matches('.sr-only, [inert] *'),
      )
      .map((node) => ({ node, box: node.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.height < min - 0.5 || box.width < min - 0.5))
      .map(
        ({ node, box }) =>
          `small target ${Math.round(box.width)}×${Math.round(box.height)}: ${node.outerHTML.slice(0, 120)}`,
      )
  }, MIN_TARGET)
}

async function axe(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the page's own policy does not concern.
  const { readFile } = await import('node:fs/promises')
  await page.evaluate(await readFile(AXE, 'utf8'))
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
        }>
      }
    }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `axe ${id}: ${nodes[0]?.html.slice(0, 160)} ${nodes[0]?.failureSummary.slice(0, 200)}`)
  })
}

const [out = '/tmp/screens', filter = ''] = process.argv.slice(2)
await mkdir(out, { recursive: true })
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
let problems = 0
try {
  for (const scene of SCENES.filter(({ name }) => name.match(`^(?:${filter || '.*'})$`))) {
    for (const size of ['desktop', 'phone'] as const) {
      for (const theme of THEMES) problems += await shoot(browser, scene, size, theme, out)
    }
  }
} finally {
  await browser.close()
}
console.log(problems === 0 ? 'all pages are clean' : `${problems} problems`)
process.exitCode = problems === 0 ? 0 : 1
