import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { onTestFailed } from 'vitest'

/** Pictures of the pages of a failed test. */
const FAILURES = join(fileURLToPath(import.meta.url), '..', '..', '..', 'dist', 'failures')

const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Without calls home. Root needs --no-sandbox. */
export const CHROMIUM_ARGS = [...QUIET, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])]

/** The system's Chromium. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.PILOT_TEST_BROWSER
  return chromium.launch({ ...(executablePath ? { executablePath } : {}), args: CHROMIUM_ARGS })
}

export const DESKTOP = { width: 1440, height: 900 }
export const PHONE = { width: 390, height: 844 }

export interface Watched {
  page: Page
  /** Console errors, exceptions and failed requests since the start; empty when all is well. */
  problems: string[]
}

/**
 * A page whose console errors, exceptions and unexpected HTTP errors are collected. `expected` names parts of messages
 * that a test provokes on purpose.
 */
export async function watchedPage(context: BrowserContext, expected: RegExp[] = []): Promise<Watched> {
  const page = await context.newPage()
  const problems: string[] = []
  const add = (text: string) => {
    if (!expected.some((pattern) => pattern.test(text))) problems.push(text)
  }
  page.on('console', (message) => {
    if (message.type() === 'error') add(`console: ${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => add(`exception: ${error.message}`))
  page.on('response', (response) => {
    if (response.status() >= 400) add(`${response.status()} ${response.url()}`)
  })
  onTestFailed(async ({ task }) => {
    if (page.isClosed()) return
    mkdirSync(FAILURES, { recursive: true })
    const name = `${task.name.replace(/[^a-z0-9]+/gi, '-')}-${context.pages().indexOf(page)}.png`
    await page.screenshot({ path: join(FAILURES, name) })
  })
  return { page, problems }
}
