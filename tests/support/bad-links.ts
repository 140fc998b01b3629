import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import { freePort } from './pilot.ts'
import { Relay } from './relay.ts'
import {
  countInTab,
  isLive,
  lineNumbers,
  linkState,
  promptThere,
  shows,
  snapshot,
  startTerminalWorld,
  type TerminalWorld,
} from './terminal-steps.ts'

export const LINES = 900
/** Prints numbered lines for some seconds. */
export const COUNT = `for n in $(seq 1 ${LINES}); do echo "n$n."; read -t 0.004 <> <(:); done`
export const LAST_LINE = `n${LINES}.`

/** Typing older than this, in ms, waits for its user after a break. */
const OLD_MS = 5_000

export interface RelayedWorld extends TerminalWorld {
  /** Between every browser and the server. */
  relay: Relay
  /** Takes the network from everybody; these browsers say so themselves. */
  networkAway: (...contexts: BrowserContext[]) => Promise<void>
  networkBack: (...contexts: BrowserContext[]) => Promise<void>
}

/** Browser and server are linked through a relay, so that a test can take the network away. */
export async function startRelayedWorld(): Promise<RelayedWorld> {
  const port = await freePort()
  const relay = await Relay.start({ to: port })
  try {
    const world = await startTerminalWorld({ port, baseUrl: relay.url })
    return {
      ...world,
      relay,
      networkAway: async (...contexts) => {
        // In this order: a browser that pretends to be offline does not hear that its connections are reset.
        relay.away()
        for (const context of contexts) await context.setOffline(true)
      },
      networkBack: async (...contexts) => {
        relay.heal()
        for (const context of contexts) await context.setOffline(false)
      },
      stop: async () => {
        await world.stop()
        await relay.close()
      },
    }
  } catch (cause) {
    await relay.close()
    throw cause
  }
}

/** The page says that what it shows is old, and does not call itself live. */
export async function isStale(page: Page): Promise<void> {
  await linkState(page, /^Stale since/).waitFor({ timeout: 20_000 })
  expect(await page.locator('header').getByText(/^Live/).count()).toBe(0)
}

/** The link is back and all of `COUNT` came: waits for its end and the prompt, then looks at every line. */
export async function expectAllOfIt(page: Page, workspaceUrl: string, id: string): Promise<void> {
  await isLive(page)
  await shows(page, LAST_LINE)
  await promptThere(page)
  await expectEveryLine(page, workspaceUrl, id)
}

/** Each line of `COUNT` once and in order, also what was scrolled away, in the tab and on the machine. */
export async function expectEveryLine(page: Page, workspaceUrl: string, id: string): Promise<void> {
  expect(await countInTab(page, 'n\\d+\\.')).toBe(LINES)
  const text = await snapshot(page, workspaceUrl, id, 'format=text&scrollback=2000')
  expect(lineNumbers(text)).toEqual(Array.from({ length: LINES }, (_, index) => index + 1))
}

/** What the page says of typing that it keeps back. */
export const unsent = (page: Page) => page.getByText(/characters were not sent/)

/** Resolves once what was typed before this call is so old that it waits for its user. */
export async function typingIsOld(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, OLD_MS + 500))
}

/** Lines of a file that commands in terminals append to; 0 before it is there. */
export function marksIn(directory: string, name: string): number {
  try {
    return readFileSync(join(directory, name), 'utf8').split('\n').filter(Boolean).length
  } catch {
    return 0
  }
}
