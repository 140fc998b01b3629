import type { BrowserContext, Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import {
  COUNT,
  expectAllOfIt,
  isStale,
  LAST_LINE,
  marksIn,
  type RelayedWorld,
  typingIsOld,
  unsent,
} from './bad-links.ts'
import { until } from './pilot.ts'
import { AWAY, isLive, screen, shows, withShell } from './terminal-steps.ts'

/** How somebody uses a terminal: in which browser, with which keyboard, with a mouse or a finger. */
export interface Device {
  context: BrowserContext
  /** Types a command and ends it with Enter. */
  enter(page: Page, command: string): Promise<void>
  press(button: Locator): Promise<void>
}

/** The network goes while a program prints, and comes back: the page says so, then every line is there once. */
export async function offlineInMidOutput(world: RelayedWorld, { context, enter }: Device): Promise<void> {
  const { page, problems, id } = await withShell(context, world.url, AWAY)
  await enter(page, COUNT)
  await shows(page, /n\d+\./)
  await world.networkAway(context)
  await isStale(page)
  const frozen = await screen(page)
  expect(frozen).not.toContain(LAST_LINE)
  await world.networkBack(context)
  await expectAllOfIt(page, world.url, id)
  expect(problems).toEqual([])
  await page.close()
}

/** What is typed without a link that is soon back goes by itself, once. */
export async function typedShortlyBefore(world: RelayedWorld, { context, enter }: Device): Promise<void> {
  const { page, problems } = await withShell(context, world.url, AWAY)
  world.relay.away()
  await enter(page, 'echo x >> soon')
  world.relay.heal()
  await isLive(page)
  await until('the mark', () => marksIn(world.repo, 'soon') > 0)
  await enter(page, 'echo after it')
  await shows(page, /^after it$/m)
  expect(marksIn(world.repo, 'soon')).toBe(1)
  expect(await unsent(page).count()).toBe(0)
  expect(problems).toEqual([])
  await page.close()
}

/** What the user may do with old typing, and how often it runs then. */
export const ANSWERS = [
  ['Send', 1],
  ['Discard', 0],
] as const

/** What was typed long before the link is back waits for its user, and does what they say, also after a reload. */
export async function typedLongBefore(
  world: RelayedWorld,
  { context, enter, press }: Device,
  answer: 'Send' | 'Discard',
  runs: number,
): Promise<void> {
  const { page, problems } = await withShell(context, world.url, AWAY)
  const file = `late-${answer}`
  await world.networkAway(context)
  await isStale(page)
  await enter(page, `echo x >> ${file}`)
  await typingIsOld()
  await world.networkBack(context)
  await isLive(page)
  await unsent(page).waitFor()
  expect(marksIn(world.repo, file)).toBe(0)
  expect(await screen(page)).not.toContain(file)
  await press(page.getByRole('button', { name: answer, exact: true }))
  await unsent(page).waitFor({ state: 'detached' })
  await enter(page, 'echo after it')
  await shows(page, /^after it$/m)
  expect(marksIn(world.repo, file)).toBe(runs)
  await page.reload()
  await shows(page, /^after it$/m)
  expect(marksIn(world.repo, file)).toBe(runs)
  expect(problems).toEqual([])
  await page.close()
}
