import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, launchBrowser, type Watched, watchedPage } from '../support/browser.ts'
import { type RunningPilot, startPilot, until } from '../support/pilot.ts'
import {
  conversation,
  countMarks,
  listedAs,
  makeRepository,
  scratchDirectory,
  screenText,
  sendPrompt,
  signIn,
  slowWords,
  startSession,
} from '../support/steps.ts'

/** What a browser says while the server is away for a moment; anything else is a fault of the page. */
const AWAY = [/WebSocket connection to/, /net::ERR_/, /^50[234] /, /status of 50[234]/]

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('kill -9 in the middle of a turn', () => {
  const scratch = scratchDirectory()
  const repo = join(scratch.path, 'shop')
  let pilot: RunningPilot
  let browser: Browser
  let context: BrowserContext
  let workspaceUrl: string

  const processes = {
    engine: () => pilot.pids('opencode', 'serve'),
    runtime: () => pilot.pids('runtime', '--supervised'),
    gateway: () => pilot.pids('serve', '--supervised'),
  }
  type Process = keyof typeof processes

  beforeAll(async () => {
    makeRepository(repo)
    pilot = await startPilot({ workspace: repo })
    browser = await launchBrowser()
    context = await browser.newContext({ viewport: DESKTOP })
    const page = await context.newPage()
    workspaceUrl = await signIn(page, pilot.link, 'shop')
    await page.close()
  })
  afterAll(async () => {
    await browser?.close()
    await pilot?.stop()
    scratch.remove()
  })

  /** Ends a process as the kernel does when memory is short, and returns once it is gone. */
  async function kill(name: Process): Promise<number> {
    const [pid] = processes[name]()
    if (!pid) throw new Error(`no ${name} is running`)
    process.kill(pid, 'SIGKILL')
    await until(`the ${name} to be gone`, () => !processes[name]().includes(pid))
    return pid
  }

  const allow = (page: Page) => page.getByRole('button', { name: /Allow once/ })
  const interrupted = (page: Page) => conversation(page).getByText('Interrupted', { exact: true }).first()
  const marked = (mark: string) => `@tool bash {"command":"echo x >> ${mark}","description":"leave a mark"}`

  /** A session whose agent ran a command and is now in the middle of a long text. */
  async function streaming(mark: string, words: number): Promise<Watched & { address: string }> {
    const watched = await watchedPage(context, AWAY)
    const { page } = watched
    const address = await startSession(
      page,
      workspaceUrl,
      [`Test ${mark}`, marked(mark), `@slow ${words} 25`].join('\n'),
    )
    await allow(page).click({ timeout: 60_000 })
    await page
      .getByText(/w19 w20/)
      .first()
      .waitFor({ timeout: 60_000 })
    return { ...watched, address }
  }

  /** Words once each and in order, whatever happened in between. */
  async function expectWordsOnce(page: Page, atLeast: number): Promise<number[]> {
    const words = await slowWords(page)
    expect(words.length).toBeGreaterThanOrEqual(atLeast)
    expect(words).toEqual(upTo(words.length))
    return words
  }

  it('the agent: what streamed stays, the answer says that it was interrupted, and the next prompt works', async () => {
    const { page, problems } = await streaming('agent', 4_000)
    await kill('engine')
    await interrupted(page).waitFor({ timeout: 10_000 })
    const words = await expectWordsOnce(page, 20)
    expect(countMarks(repo, 'agent')).toBe(1)

    await sendPrompt(page, 'Go on\n@say It is back.')
    await page.getByText('It is back.', { exact: true }).waitFor({ timeout: 30_000 })
    await listedAs(page, 'Done').waitFor({ timeout: 15_000 })
    const before = await screenText(page)
    await page.reload()
    await page.getByText('It is back.', { exact: true }).waitFor()
    await until('the same after a reload', async () => (await screenText(page)) === before, 10_000)
    expect(await slowWords(page)).toEqual(words)
    expect(countMarks(repo, 'agent')).toBe(1)
    expect(problems).toEqual([])
    await page.close()
  })

  it('the gateway: the turn goes on without it, and the page catches up by itself', async () => {
    const { page, problems } = await streaming('gateway', 300)
    const former = await kill('gateway')
    await until('another gateway', () => processes.gateway().some((pid) => pid !== former), 10_000)
    await page
      .getByText(/w298 w299/)
      .first()
      .waitFor({ timeout: 30_000 })
    await listedAs(page, 'Done').waitFor({ timeout: 15_000 })
    expect(await slowWords(page)).toEqual(upTo(300))
    expect(countMarks(repo, 'gateway')).toBe(1)
    expect(problems).toEqual([])
    await page.close()
  })

  it('the runtime: its agent is adopted and not doubled, and nothing runs twice', async () => {
    const { page, problems } = await streaming('runtime', 200)
    const engine = processes.engine()
    await kill('runtime')
    await until('another runtime', () => processes.runtime().length > 0, 10_000)
    await listedAs(page, 'Done').waitFor({ timeout: 45_000 })
    // The model's stream went through the runtime and broke with it. The agent asks the model again by itself: what it
    // had said until then stays, and the whole answer follows, once.
    const words = await slowWords(page)
    expect(words.slice(-200)).toEqual(upTo(200))
    const before = words.slice(0, -200)
    expect(before).toEqual(upTo(before.length))
    expect((await screenText(page)).match(/@slow 200/g)).toHaveLength(1)
    expect(countMarks(repo, 'runtime')).toBe(1)
    expect(processes.engine()).toEqual(engine)

    await sendPrompt(page, 'Go on\n@say It is back.')
    await page.getByText('It is back.', { exact: true }).waitFor({ timeout: 30_000 })
    await listedAs(page, 'Done').waitFor({ timeout: 15_000 })
    expect(processes.engine()).toEqual(engine)
    expect(countMarks(repo, 'runtime')).toBe(1)
    expect(problems).toEqual([])
    await page.close()
  })

  it.each<Process>(['gateway', 'runtime'])(
    'a prompt given while the %s is down is not sent yet, and sent once',
    async (name) => {
      const { page, problems } = await watchedPage(context, AWAY)
      await startSession(page, workspaceUrl, `Test away ${name}\n@say Ready.`)
      await page.getByText('Ready.', { exact: true }).waitFor({ timeout: 30_000 })
      await listedAs(page, 'Done').waitFor({ timeout: 15_000 })

      // A stopped supervisor brings nothing back.
      pilot.supervisor.kill('SIGSTOP')
      try {
        await kill(name)
        await page
          .getByText(/offline since|Not connected since/i)
          .first()
          .waitFor({ timeout: 15_000 })
        await sendPrompt(page, ['Run this once', marked(`away-${name}`), '@say It ran.'].join('\n'))
        await page.getByText('Not sent yet', { exact: true }).waitFor()
        // A reload shows the same where the page itself can be had.
        if (name === 'runtime') {
          await page.reload()
          await page.getByText('Not sent yet', { exact: true }).waitFor()
        }
      } finally {
        pilot.supervisor.kill('SIGCONT')
      }
      await allow(page).click({ timeout: 30_000 })
      await page.getByText('It ran.', { exact: true }).waitFor({ timeout: 30_000 })
      await listedAs(page, 'Done').waitFor({ timeout: 15_000 })
      expect(await page.getByText('Not sent yet').count()).toBe(0)
      expect((await screenText(page)).match(/Run this once/g)).toHaveLength(1)
      expect(countMarks(repo, `away-${name}`)).toBe(1)
      expect(problems).toEqual([])
      await page.close()
    },
  )

  describe('while a permission waits', () => {
    async function asking(mark: string): Promise<Watched> {
      const watched = await watchedPage(context, AWAY)
      const script = [`Test ask ${mark}`, marked(mark), '@say It was allowed.'].join('\n')
      await startSession(watched.page, workspaceUrl, script)
      await allow(watched.page).waitFor({ timeout: 60_000 })
      return watched
    }

    it.each<Process>(['gateway', 'runtime'])(
      'the %s: the agent still waits, and the answer counts once',
      async (name) => {
        const { page, problems } = await asking(`ask-${name}`)
        const former = await kill(name)
        await until(`another ${name}`, () => processes[name]().some((pid) => pid !== former), 10_000)
        await page.getByText(/^Live/).first().waitFor({ timeout: 15_000 })
        expect(countMarks(repo, `ask-${name}`)).toBe(0)
        await allow(page).click({ timeout: 10_000 })
        await page.getByText('It was allowed.', { exact: true }).waitFor({ timeout: 30_000 })
        expect(countMarks(repo, `ask-${name}`)).toBe(1)
        expect(problems).toEqual([])
        await page.close()
      },
    )

    it('the agent: the request is gone with it and nothing ran', async () => {
      const { page, problems } = await asking('ask-agent')
      await kill('engine')
      await interrupted(page).waitFor({ timeout: 10_000 })
      await allow(page).waitFor({ state: 'detached', timeout: 10_000 })
      await sendPrompt(page, 'Go on\n@say It is back.')
      await page.getByText('It is back.', { exact: true }).waitFor({ timeout: 60_000 })
      await listedAs(page, 'Done').waitFor({ timeout: 15_000 })
      expect(await conversation(page).getByText('Running', { exact: true }).count()).toBe(0)
      expect(countMarks(repo, 'ask-agent')).toBe(0)
      expect(problems).toEqual([])
      await page.close()
    })
  })
})
