import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { DESKTOP, launchBrowser, PHONE } from './support/browser.ts'
import { startPilot, until } from './support/pilot.ts'
import { isLive, openTerminal, panes } from './support/terminal-steps.ts'

/**
 * Takes the pictures of the README from the running product: `node_modules/.bin/node tests/screenshots.ts` after
 * `npm test` or a build. The demo model fixes the demo shop, in both themes, on a desktop and on a phone.
 */
const OUT = join(fileURLToPath(import.meta.url), '..', '..', 'docs', 'screens')
const TASK = 'Carts with a coupon are a cent off. Find out why, fix it and show that the tests pass.'

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(OUT, `${name}.png`) })
  process.stdout.write(`${name}.png\n`)
}

async function open(
  browser: Browser,
  state: string,
  theme: 'light' | 'dark',
  phone: boolean,
  url: string,
): Promise<Page> {
  const context = await browser.newContext({
    viewport: phone ? PHONE : DESKTOP,
    colorScheme: theme,
    storageState: JSON.parse(state),
    ...(phone ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
  })
  const page = await context.newPage()
  await page.goto(url)
  return page
}

async function typed(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text)
  await settled(page)
}

/** Nothing says when a shell has drawn everything: a picture is taken when two of them are the same. */
async function settled(page: Page): Promise<void> {
  let last = ''
  await until('the picture to stand still', async () => {
    const now = (await page.screenshot()).toString('base64')
    const same = now === last
    last = now
    await page.waitForTimeout(400)
    return same
  })
}

mkdirSync(OUT, { recursive: true })
const pilot = await startPilot()
const browser = await launchBrowser()
try {
  const context = await browser.newContext({ viewport: DESKTOP, colorScheme: 'light' })
  const page = await context.newPage()
  await page.goto(pilot.link)
  const box = page.getByRole('textbox').first()
  await box.waitFor()
  await page.getByText('Demo model').first().waitFor()
  await shoot(page, 'first-task-light')
  await box.fill(TASK)
  await box.press('Control+Enter')
  await page.getByRole('button', { name: /Allow once/ }).waitFor({ timeout: 120_000 })
  const state = JSON.stringify(await context.storageState())
  for (const theme of ['light', 'dark'] as const) {
    for (const phone of [false, true]) {
      const viewer = await open(browser, state, theme, phone, page.url())
      await viewer.getByRole('button', { name: /Allow once/ }).waitFor()
      await shoot(viewer, `session-${phone ? 'phone-' : ''}${theme}`)
      await viewer.context().close()
    }
  }
  const done = page.getByText('All tests pass now').first()
  while (!(await done.isVisible())) {
    const allow = page.getByRole('button', { name: /Allow once/ }).first()
    await Promise.race([done.waitFor({ timeout: 120_000 }), allow.waitFor({ timeout: 120_000 })])
    if (await allow.isVisible()) await allow.click()
  }
  await page.getByText('Done', { exact: true }).first().waitFor({ timeout: 60_000 })
  await shoot(page, 'changes-light')

  await page.goto(page.url().replace(/\/s\/ags_[a-z0-9]+$/, '/terminal'))
  await openTerminal(page)
  await typed(
    page,
    "PS1='~/shop $ '; clear; git log --oneline --graph --color | head -5; node --test 2>&1 | tail -12\n",
  )
  await page.locator('header').getByRole('button', { name: 'Split to the right' }).click()
  await until('the second half', async () => (await panes(page).count()) === 2)
  await isLive(page)
  await typed(page, "PS1='~/shop $ '; clear; ls -la --color; date\n")
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await settled(page)
    await shoot(page, `terminal-${theme}`)
  }
  for (const theme of ['light', 'dark'] as const) {
    const viewer = await open(browser, state, theme, true, page.url())
    await isLive(viewer)
    await settled(viewer)
    await shoot(viewer, `terminal-phone-${theme}`)
    await viewer.context().close()
  }
} finally {
  await browser.close()
  await pilot.stop()
}
