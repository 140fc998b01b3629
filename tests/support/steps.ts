import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

/** Runs git in a directory; gives what it printed. */
export const git = (directory: string, ...args: string[]): string =>
  spawnSync('git', ['-C', directory, '-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
    encoding: 'utf8',
  }).stdout.trim()

/** A directory that is gone after the test. */
export function scratchDirectory(): { path: string; remove: () => void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'pilot-e2e-')))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) }
}

/** A repository with one commit that holds the files. */
export function makeRepository(path: string, files: Record<string, string> = { 'notes.txt': 'one\ntwo\n' }): string {
  mkdirSync(path, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  git(path, 'init', '-q', '-b', 'main')
  git(path, 'add', '.')
  git(path, 'commit', '-qm', 'first')
  return path
}

/** The worktrees of a repository beside its main checkout. */
export function worktrees(repo: string): string[] {
  return git(repo, 'worktree', 'list', '--porcelain')
    .split('\n')
    .filter((line) => line.startsWith('worktree '))
    .map((line) => line.slice(9))
    .filter((path) => path !== repo)
}

/** How often a command of the agent ran, by the lines that it appended to a file in whatever worktree. */
export function countMarks(repo: string, name: string): number {
  let count = 0
  for (const directory of worktrees(repo)) {
    const file = join(directory, name)
    if (existsSync(file)) count += readFileSync(file, 'utf8').split('\n').filter(Boolean).length
  }
  return count
}

/** Writes into the composer of the page and sends it. */
export async function sendPrompt(page: Page, text: string): Promise<void> {
  const box = page.getByRole('textbox').first()
  await box.fill(text)
  await box.press('Control+Enter')
}

export const SESSION_URL = /\/s\/ags_[a-z0-9]{26}$/

/** Starts a session with a first prompt at `/<slug>/new`; returns its address. */
export async function startSession(page: Page, workspaceUrl: string, text: string): Promise<string> {
  await page.goto(`${workspaceUrl}/new`)
  await page.getByRole('heading', { name: /What should be done/ }).waitFor()
  await sendPrompt(page, text)
  await page.waitForURL(SESSION_URL)
  return page.url()
}

/** The conversation of the session that the address names. */
export const conversation = (page: Page) => page.getByRole('region', { name: 'Session', exact: true })

/** The session that the address names, below the heading of the list that says what it needs ("Done", "Working"…). */
export const listedAs = (page: Page, need: string) =>
  page.getByRole('navigation', { name: 'Sessions' }).getByRole('region', { name: need }).locator('[aria-current=page]')

/** The main region without ages and clock times, which change by themselves. */
export async function screenText(page: Page): Promise<string> {
  return (await page.locator('main').innerText()).replace(
    /\b(now|\d+ (s|min|sec)( ago)?|\d{1,2}:\d{2}( [AP]M)?)\b/g,
    '',
  )
}

/** The words `w0 w1 …` of the demo model's slow answer that the page shows, in order. */
export async function slowWords(page: Page): Promise<number[]> {
  const text = await page.locator('main').innerText()
  return [...text.matchAll(/\bw(\d+)\b/g)].map((match) => Number(match[1]))
}

/** Signs in with an owner link and goes to the workspace of that name; returns its address. */
export async function signIn(page: Page, link: string, workspace: string): Promise<string> {
  await page.goto(link)
  await page.getByText(workspace, { exact: true }).first().click()
  await page.getByRole('heading', { name: /What should be done/ }).waitFor()
  return page.url().replace(/\/new$/, '')
}
