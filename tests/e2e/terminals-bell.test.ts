import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../support/pilot.ts'
import { isHidden, launchRealWindows, type RealWindows } from '../support/real-windows.ts'
import {
  isLive,
  openTerminal,
  panes,
  promptThere,
  run,
  shows,
  startTerminalWorld,
  type TerminalWorld,
  terminalId,
  watchAsReader,
  withShell,
} from '../support/terminal-steps.ts'

interface Note {
  title: string
  body: string
  tag: string
}

/** A program rings its bell: whoever looks elsewhere is told, in the way that they allowed. */
describe('the bell of a terminal', () => {
  let world: TerminalWorld
  let windows: RealWindows
  let context: BrowserContext

  beforeAll(async () => {
    world = await startTerminalWorld()
    windows = await launchRealWindows()
    context = windows.context
    await context.addCookies(await world.desktop.cookies())
    await watchAsReader(context)
    // The browser's own notifications, kept.
    await context.addInitScript(() => {
      const kept: Notification[] = []
      const shown = new Proxy(Notification, {
        construct(target, [title, options]) {
          const note = new target(title, options)
          kept.push(note)
          return note
        },
      })
      Object.assign(window, { Notification: shown, keptNotes: kept })
    })
  })
  afterAll(async () => {
    await windows?.close()
    await world?.stop()
  })

  const notes = (page: Page): Promise<Note[]> =>
    page.evaluate(() => {
      const { keptNotes } = window as unknown as { keptNotes: Notification[] }
      return keptNotes.map(({ title, body, tag }) => ({ title, body, tag }))
    })
  const clickNote = (page: Page, index: number) =>
    page.evaluate((at) => {
      const { keptNotes } = window as unknown as { keptNotes: Notification[] }
      keptNotes[at]?.dispatchEvent(new Event('click'))
    }, index)
  /** What the user of the browser has said to notifications, without a window that asks; it counts for the page's life. */
  async function permit(page: Page, setting: 'granted' | 'prompt'): Promise<void> {
    const cdp = await context.newCDPSession(page)
    const { origin } = new URL(world.url)
    await cdp.send('Browser.setPermission', { origin, permission: { name: 'notifications' }, setting })
  }
  /** Lets the terminal ring as soon as there is a file of that name, and print the name then. */
  const ringsWith = (page: Page, name: string) =>
    run(page, `until [ -e ${name} ]; do read -t 0.05 <> <(:); done; printf 'rang %s\\a\\n' ${name}`)
  const ring = (name: string) => writeFileSync(join(world.repo, name), '')
  const rang = (page: Page) => page.locator('header').getByText('Rang:')
  /** The page has heard a bell. A hidden one draws nothing, so its terminal tells no news. */
  const heard = (page: Page) => until('the bell', async () => (await rang(page).count()) > 0)

  it('is a notification in a hidden tab, none in a visible one, and leads to its terminal', async () => {
    const { page, problems, id } = await withShell(context, world.url)
    await permit(page, 'granted')
    await isHidden(page, false)
    await run(page, "printf 'seen\\a\\n'")
    await shows(page, /^seen$/m)
    expect(await rang(page).count()).toBe(0)
    await ringsWith(page, 'beside')

    // Another terminal is looked at: its tab says so, which is enough while the page is in sight.
    const second = await openTerminal(page)
    ring('beside')
    await heard(page)
    expect(await notes(page)).toEqual([])
    await ringsWith(page, 'away')

    const other = await context.newPage()
    await other.bringToFront()
    await isHidden(page, true)
    ring('away')
    await until('the notification', async () => (await notes(page)).length > 0)
    expect(await notes(page)).toEqual([
      { title: expect.stringMatching(/\w/), body: expect.stringContaining('rang'), tag: second },
    ])
    await page.bringToFront()
    await isHidden(page, false)
    await shows(page, /^rang away$/m)

    // The notification of the first one leads to it from the second.
    await page.goto(`${world.url}/terminal/${id}`)
    await isLive(page)
    await panes(page).first().click()
    await ringsWith(page, 'far')
    await page.goto(`${world.url}/terminal/${second}`)
    await isLive(page)
    await other.bringToFront()
    await isHidden(page, true)
    ring('far')
    await until('the notification', async () => (await notes(page)).length > 0)
    await page.bringToFront()
    await clickNote(page, 0)
    await page.waitForURL((url) => url.href.endsWith(id))
    await shows(page, /^rang far$/m)
    expect(await notes(page)).toHaveLength(1)
    expect(problems).toEqual([])
    await other.close()
    await page.close()
  })

  it('is offered as a notification, and told only once that was allowed', async () => {
    const { page, problems } = await withShell(context, world.url)
    await permit(page, 'prompt')
    await page.reload()
    await isLive(page)
    await promptThere(page)
    await panes(page).first().click()
    const other = await context.newPage()
    const away = async (name: string) => {
      await ringsWith(page, name)
      await other.bringToFront()
      await isHidden(page, true)
      ring(name)
    }
    await away('unasked')
    await heard(page)
    expect(await notes(page)).toEqual([])
    await page.bringToFront()
    await isHidden(page, false)
    await shows(page, /^rang unasked$/m)

    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Notify me of bells' }).waitFor()
    await permit(page, 'granted')
    await page.getByRole('menuitem', { name: 'Notify me of bells' }).click()
    await page.getByText('A bell in a hidden tab is told from now on.').waitFor()
    await panes(page).first().click()
    await away('asked')
    await until('the notification', async () => (await notes(page)).length > 0)
    await page.bringToFront()
    await shows(page, /^rang asked$/m)
    expect((await notes(page)).map(({ tag }) => tag)).toEqual([terminalId(page)])
    // What was decided is not asked again.
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Larger text' }).waitFor()
    expect(await page.getByRole('menuitem', { name: 'Notify me of bells' }).count()).toBe(0)
    expect(problems).toEqual([])
    await other.close()
    await page.close()
  })
})
