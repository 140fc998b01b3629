import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, launchBrowser, watchedPage } from '../support/browser.ts'
import { type RunningPilot, startPilot, until } from '../support/pilot.ts'
import { conversation, makeRepository, scratchDirectory, signIn, startSession } from '../support/steps.ts'

const KEY = 'sk-canary-4f1d0c9b7e2a'
const ENVIRONMENT_KEY = 'sk-canary-of-the-environment-91ab'

type Mode = 'answers' | 'rate-limit' | 'cut' | 'garbage' | 'no-credit'

/** An OpenAI-compatible provider that knows two keys and fails when it is told to. */
async function startProvider() {
  const state = { mode: 'answers' as Mode, served: 0, refused: 0 }
  const chunk = (response: ServerResponse, delta: object, finish: string | null = null) =>
    response.write(
      `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'fake-1', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
    )
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      const { authorization } = request.headers
      if (authorization !== `Bearer ${KEY}` && authorization !== `Bearer ${ENVIRONMENT_KEY}`) {
        state.refused += 1
        response.writeHead(401, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ error: { message: `Incorrect API key provided: ${authorization}` } }))
        return
      }
      state.served += 1
      if (state.mode === 'rate-limit' || state.mode === 'no-credit') {
        const limited = state.mode === 'rate-limit'
        response.writeHead(limited ? 429 : 402, { 'content-type': 'application/json', 'retry-after': '1' })
        response.end(JSON.stringify({ error: { message: limited ? 'slow down' : 'insufficient credit' } }))
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      if (state.mode === 'garbage') {
        response.end('<html>it works</html>')
        return
      }
      chunk(response, { role: 'assistant', content: 'Said by ' })
      if (state.mode === 'cut') {
        setImmediate(() => response.destroy())
        return
      }
      chunk(response, { content: 'the fake provider.' })
      chunk(response, {}, 'stop')
      response.end('data: [DONE]\n\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const stop = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  return { state, url: `http://127.0.0.1:${port}/v1`, stop }
}

/** Files below a directory that hold a text. */
function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text))
}

/** Pids whose environment or command line holds a text. */
function processesWith(pids: number[], text: string): number[] {
  return pids.filter((pid) => {
    try {
      return ['environ', 'cmdline'].some((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8').includes(text))
    } catch {
      return false
    }
  })
}

describe('models', () => {
  const scratch = scratchDirectory()
  const repo = join(scratch.path, 'shop')
  let provider: Awaited<ReturnType<typeof startProvider>>
  let pilot: RunningPilot
  let browser: Browser
  let context: BrowserContext
  let workspaceUrl: string

  beforeAll(async () => {
    makeRepository(repo)
    provider = await startProvider()
    browser = await launchBrowser()
    context = await browser.newContext({ viewport: DESKTOP })
    await start({})
  })
  afterAll(async () => {
    await browser?.close()
    await pilot?.stop()
    await provider?.stop()
    scratch.remove()
  })

  async function start(env: Record<string, string>): Promise<void> {
    pilot = await startPilot({ workspace: repo, env })
    const page = await context.newPage()
    workspaceUrl = await signIn(page, pilot.link, 'shop')
    await page.close()
  }

  const said = (page: Page) => conversation(page).getByText('Said by the fake provider.', { exact: true })
  const session = async (page: Page, name: string) => startSession(page, workspaceUrl, `${name}: say something`)

  async function connect(page: Page, key: string): Promise<void> {
    await page.goto(`${workspaceUrl}/new`)
    await page.getByRole('link', { name: 'Workspaces' }).click()
    await page.getByRole('button', { name: /Connect a model|Change/ }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Provider').selectOption({ label: 'Any OpenAI-compatible address' })
    await dialog.getByLabel('Key').fill(key)
    await dialog.getByLabel('Address').fill(provider.url)
    await dialog.getByLabel('Model').fill('fake-1')
    await dialog.getByRole('button', { name: 'Connect' }).click()
    await page.getByText('The model is set.').waitFor()
    await page.getByText('fake-1').first().waitFor()
  }

  it('offers the demo model as a demo, and answers with a provider once its key is given', async () => {
    const { page, problems } = await watchedPage(context)
    await page.goto(`${workspaceUrl}/new`)
    await page.getByText('Demo model', { exact: true }).first().waitFor()
    await connect(page, KEY)
    await session(page, 'First')
    await said(page).waitFor({ timeout: 60_000 })
    expect(provider.state.served).toBeGreaterThan(0)
    expect(await page.getByText('Demo model').count()).toBe(0)
    expect(problems).toEqual([])
    await page.close()
  })

  it('never shows the key again and keeps it out of the engine, the database and every environment', async () => {
    const { page } = await watchedPage(context)
    const bodies: Promise<string>[] = []
    page.on('response', (response) => bodies.push(response.text().catch(() => '')))
    await page.goto(`${workspaceUrl}/new`)
    await page.getByRole('link', { name: 'Workspaces' }).click()
    await page.getByRole('button', { name: 'Change…' }).click()
    const key = page.getByRole('dialog').getByLabel('Key')
    await page.getByText('A key is stored. Leave this empty to keep it.').waitFor()
    expect(await key.inputValue()).toBe('')
    expect(await page.content()).not.toContain(KEY)
    expect((await Promise.all(bodies)).join('\n')).not.toContain(KEY)
    await page.close()

    // The machine keeps what it was told in one file of its own, for its user alone; nothing else has the key.
    const files = filesWith(pilot.home, KEY)
    expect(files.every((file) => /^runtime\/[\w.-]+$/.test(file.slice(pilot.home.length + 1)))).toBe(true)
    expect(files.length).toBeLessThanOrEqual(1)
    for (const file of files) expect(statSync(file).mode & 0o077).toBe(0)
    expect(pilot.pids('opencode', 'serve')).toHaveLength(1)
    expect(processesWith(pilot.pids(), KEY)).toEqual([])
    expect(pilot.output()).not.toContain(KEY)
  })

  it.each<[Mode, RegExp]>([
    ['rate-limit', /asks to slow down|rate limit/],
    ['garbage', /cannot be understood/],
  ])('says that the provider has a passing problem (%s), and goes on when it is over', async (mode, sentence) => {
    const { page, problems } = await watchedPage(context)
    provider.state.mode = mode
    await session(page, mode)
    await conversation(page).getByText(sentence).first().waitFor({ timeout: 60_000 })
    provider.state.mode = 'answers'
    await said(page).waitFor({ timeout: 60_000 })
    expect(problems).toEqual([])
    await page.close()
  })

  it.each<[Mode, RegExp]>([
    ['cut', /broke off in the middle/],
    ['no-credit', /no credit left/],
  ])('ends with a sentence where trying again would not help (%s)', async (mode, sentence) => {
    const { page, problems } = await watchedPage(context)
    provider.state.mode = mode
    await session(page, mode)
    await conversation(page).getByText(sentence).first().waitFor({ timeout: 60_000 })
    provider.state.mode = 'answers'
    await conversation(page).getByRole('button', { name: 'Send again' }).first().click()
    await said(page).waitFor({ timeout: 60_000 })
    expect(problems).toEqual([])
    await page.close()
  })

  it('says that a key is refused, without showing it', async () => {
    const { page, problems } = await watchedPage(context)
    await connect(page, 'sk-wrong-canary')
    await session(page, 'Refused')
    await conversation(page).getByText('The model provider refused the key.').first().waitFor({ timeout: 60_000 })
    expect(provider.state.refused).toBeGreaterThan(0)
    expect(await page.content()).not.toContain('sk-wrong-canary')
    expect(problems).toEqual([])
    await page.close()
  })

  it('uses a key of the environment, which no child has', async () => {
    await pilot.stop()
    provider.state.served = 0
    await start({
      PILOT_MODEL_BASE_URL: provider.url,
      PILOT_MODEL_API_KEY: ENVIRONMENT_KEY,
      OPENAI_API_KEY: ENVIRONMENT_KEY,
    })
    const { page, problems } = await watchedPage(context)
    await session(page, 'Environment')
    await said(page).waitFor({ timeout: 60_000 })
    expect(provider.state.served).toBeGreaterThan(0)
    const children = pilot.pids().filter((pid) => pid !== pilot.supervisor.pid)
    await until('the agent', () => pilot.pids('opencode', 'serve').length === 1)
    expect(children.length).toBeGreaterThanOrEqual(3)
    expect(processesWith(children, ENVIRONMENT_KEY)).toEqual([])
    expect(filesWith(pilot.home, ENVIRONMENT_KEY)).toEqual([])
    expect(problems).toEqual([])
    await page.close()
  })
})
