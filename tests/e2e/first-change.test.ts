import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, launchBrowser, PHONE, watchedPage } from '../support/browser.ts'
import { type RunningPilot, startPilot, until } from '../support/pilot.ts'
import { run, snapshot } from '../support/terminal-steps.ts'

const git = (directory: string, ...args: string[]) =>
  spawnSync('git', ['-C', directory, ...args], { encoding: 'utf8' }).stdout.trim()

/** The main region without ages, which change by themselves. */
const screenText = async (page: Page) =>
  (await page.locator('main').innerText()).replace(/\b(now|\d+ (s|min|sec)( ago)?)\b/g, '')

describe('from the sign-in link to a changed repository', () => {
  let scratch: string
  let repo: string
  let pilot: RunningPilot
  let browser: Browser
  let context: BrowserContext
  let workspaceUrl: string

  beforeAll(async () => {
    scratch = realpathSync(mkdtempSync(join(tmpdir(), 'pilot-e2e-')))
    repo = join(scratch, 'shop')
    mkdirSync(repo)
    writeFileSync(join(repo, 'notes.txt'), 'one\ntwo\n')
    git(repo, 'init', '-q', '-b', 'main')
    git(repo, '-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'add', '.')
    git(repo, '-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '-qm', 'first')
    pilot = await startPilot({ workspace: repo })
    browser = await launchBrowser()
    context = await browser.newContext({ viewport: DESKTOP })
  })
  afterAll(async () => {
    await browser?.close()
    await pilot?.stop()
    rmSync(scratch, { recursive: true, force: true })
  })

  const prompt = async (page: Page, text: string) => {
    const box = page.getByRole('textbox').first()
    await box.fill(text)
    await box.press('Control+Enter')
  }
  const sessionUrl = /\/s\/ags_[a-z0-9]{26}$/

  it('signs the owner in and shows the workspace of the directory', async () => {
    const { page, problems } = await watchedPage(context)
    await page.goto(pilot.link)
    await page.getByText('shop', { exact: true }).first().click()
    await page.getByRole('heading', { name: 'What should be done in shop?' }).waitFor()
    expect(page.url()).not.toContain('owner=')
    workspaceUrl = page.url()
    expect(problems).toEqual([])
    await page.close()
  })

  it('refuses the link a second time and says what to do', async () => {
    const fresh = await browser.newContext()
    const { page } = await watchedPage(fresh)
    await page.goto(pilot.link)
    await page
      .getByText(/cannot be used any more/)
      .first()
      .waitFor()
    await fresh.close()
  })

  it('runs a prompt with tools, a permission and an edit, the same on reload and in a second tab', async () => {
    const { page, problems } = await watchedPage(context)
    await page.goto(pilot.url)
    await page.getByText('shop', { exact: true }).first().click()
    await page.getByRole('heading', { name: 'What should be done in shop?' }).waitFor()
    const script = [
      'Change the notes',
      '@tool read {"filePath":"notes.txt"}',
      '@tool todowrite {"todos":[{"content":"Change two to three","status":"in_progress","priority":"high"}]}',
      '@tool bash {"command":"touch made-by-command.txt","description":"make a file"}',
      '@tool write {"filePath":"notes.txt","content":"one\\nthree\\n"}',
      '@tool write {"filePath":"docs/guide.txt","content":"read me\\n"}',
      '@slow 60 50',
    ].join('\n')
    await prompt(page, script)
    await page.waitForURL(sessionUrl)

    // The permission takes the composer's place and shows exactly what will run.
    await page.getByRole('button', { name: /Allow once/ }).waitFor({ timeout: 90_000 })
    await page.getByText('touch made-by-command.txt').first().waitFor()
    await page.getByText('Change two to three').first().waitFor()
    const worktrees = () =>
      git(repo, 'worktree', 'list', '--porcelain')
        .split('\n')
        .filter((line) => line.startsWith('worktree '))
        .map((line) => line.slice(9))
        .filter((path) => path !== repo)
    const [worktree = ''] = worktrees()
    expect(existsSync(join(worktree, 'made-by-command.txt'))).toBe(false)

    const second = await watchedPage(context)
    await second.page.goto(page.url())
    await second.page.getByRole('button', { name: /Allow once/ }).waitFor()

    await page.getByRole('button', { name: /Allow once/ }).click()
    // In mid-stream: reload, and the text goes on from where it was.
    await page.getByText(/w5 w6/).first().waitFor({ timeout: 60_000 })
    await page.reload()
    await page
      .getByText(/w0 w1 w2 w3/)
      .first()
      .waitFor()
    for (const tab of [page, second.page]) {
      await tab
        .getByText(/w58 w59/)
        .first()
        .waitFor({ timeout: 60_000 })
      await tab.getByText('Done', { exact: true }).first().waitFor({ timeout: 60_000 })
    }
    await until('both tabs to show the same', async () => (await screenText(page)) === (await screenText(second.page)))
    const text = await screenText(page)
    expect(text.match(/w0 w1 w2/g)).toHaveLength(1)
    expect(text.match(/Change the notes/g)?.length).toBeGreaterThan(0)

    // On disk: the worktree has the change, the main checkout has not.
    expect(readFileSync(join(worktree, 'notes.txt'), 'utf8')).toBe('one\nthree\n')
    expect(existsSync(join(worktree, 'made-by-command.txt'))).toBe(true)
    expect(git(worktree, 'branch', '--show-current')).toMatch(/^pilot\//)
    expect(readFileSync(join(repo, 'notes.txt'), 'utf8')).toBe('one\ntwo\n')
    expect(git(repo, 'status', '--porcelain')).toBe('')
    expect(git(repo, 'branch', '--show-current')).toBe('main')
    await page.getByText('notes.txt').first().waitFor()

    // From here into a terminal: of the session, and of a file that it changed.
    const workspace = workspaceUrl.replace(/\/new$/, '')
    const place = async (from: Page) => {
      await from.waitForURL(/\/terminal\/term_[a-z0-9]{26}$/)
      const id = from.url().split('/').at(-1) ?? ''
      await until('the prompt', async () => (await snapshot(from, workspace, id)).trim() !== '')
      await from.locator('.xterm').click()
      await run(from, 'pwd')
      return (text: string) => until(text, async () => (await snapshot(from, workspace, id)).split('\n').includes(text))
    }
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Open in terminal' }).click()
    await (await place(page))(worktree)
    if (!(await second.page.getByRole('button', { name: 'Open a terminal at docs/guide.txt' }).isVisible()))
      await second.page.getByRole('button', { name: /^Changes, 3 files/ }).click()
    await second.page.getByRole('button', { name: 'Open a terminal at docs/guide.txt' }).click()
    await (await place(second.page))(join(worktree, 'docs'))

    expect(problems).toEqual([])
    expect(second.problems).toEqual([])
    await page.close()
    await second.page.close()
  })

  it('aborts within a second and says so', async () => {
    const { page, problems } = await watchedPage(context)
    await page.goto(pilot.url)
    await page.getByText('shop', { exact: true }).first().click()
    await page
      .getByRole('link', { name: /New/ })
      .or(page.getByRole('button', { name: /New/ }))
      .first()
      .click()
    await page.getByRole('heading', { name: 'What should be done in shop?' }).waitFor()
    await prompt(page, 'Count\n@slow 2000 50')
    await page.getByText(/w3 w4/).first().waitFor({ timeout: 90_000 })
    await page.getByRole('button', { name: /^Stop/ }).click()
    await page
      .getByText(/Interrupted|Stopped|Aborted/i)
      .first()
      .waitFor({ timeout: 10_000 })
    // What was under way when it stopped may still come; then this screen shows what a fresh one does.
    const fresh = await watchedPage(context)
    await fresh.page.goto(page.url())
    await fresh.page
      .getByText(/w0 w1 w2/)
      .first()
      .waitFor()
    const words = async (from: Page) => (await screenText(from)).match(/w\d+/g)?.length
    await until('both to show the same', async () => (await words(page)) === (await words(fresh.page)))
    expect(await words(page)).toBeLessThan(2_000)
    expect([...problems, ...fresh.problems]).toEqual([])
    await fresh.page.close()
    await page.close()
  })

  it('answers a permission with a thumb on a phone, without a horizontal scroll', async () => {
    const phone = await browser.newContext({
      viewport: PHONE,
      hasTouch: true,
      isMobile: true,
      storageState: await context.storageState(),
    })
    const { page, problems } = await watchedPage(phone)
    await page.goto(`${workspaceUrl}/new`)
    const box = page.getByRole('textbox').first()
    await box.fill('From the phone\n@tool bash {"command":"touch phone.txt","description":"x"}\n@say Made it.')
    await page.getByRole('button', { name: /Start/ }).tap()
    const allow = page.getByRole('button', { name: /Allow once/ })
    await allow.waitFor({ timeout: 90_000 })
    expect((await allow.boundingBox())?.height).toBeGreaterThanOrEqual(44)
    await allow.tap()
    await page.getByText('Made it.').first().waitFor({ timeout: 60_000 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
    expect(problems).toEqual([])
    await phone.close()
  })
})
