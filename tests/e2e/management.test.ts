import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, launchBrowser, type Watched, watchedPage } from '../support/browser.ts'
import { bunBinary, pilotProgram, type RunningPilot, startPilot, until } from '../support/pilot.ts'
import { git, makeRepository, scratchDirectory } from '../support/steps.ts'

/** Answers that a test asks for on purpose. */
const NOT_THERE = [/^404 /, /status of 404/]
const REFUSED = [/^40[039] /, /status of 40[039]/]
/** A workspace that is not ready refuses the live link of its page. */
const NOT_READY = [/Unexpected response code: 409/]

describe('the management pages', () => {
  const scratch = scratchDirectory()
  let pilot: RunningPilot
  let browser: Browser
  let context: BrowserContext
  let machine: ChildProcess | undefined
  let machineOutput = ''
  let organizationUrl = ''
  let instanceUrl = ''

  beforeAll(async () => {
    pilot = await startPilot({ workspace: makeRepository(join(scratch.path, 'owners')) })
    browser = await launchBrowser()
    context = await browser.newContext({ viewport: DESKTOP })
    context.setDefaultTimeout(15_000)
  })
  afterAll(async () => {
    await browser?.close()
    await stopMachine()
    await pilot?.stop()
    scratch.remove()
  })

  async function stopMachine(): Promise<void> {
    if (!machine || machine.exitCode !== null || machine.signalCode !== null) return
    const ended = once(machine, 'exit')
    machine.kill('SIGTERM')
    await ended
  }

  const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name })
  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
  const dialog = (page: Page) => page.getByRole('dialog')
  const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name })
  const machines = (page: Page, name: string) =>
    page.getByRole('table', { name: 'Machines' }).getByRole('row').filter({ hasText: name })
  const more = async (page: Page, name: string, item: string) => {
    await button(page, `More for ${name}`).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  async function open(url: string, expected: RegExp[] = []): Promise<Watched> {
    const watched = await watchedPage(context, expected)
    await watched.page.goto(url)
    return watched
  }
  async function end({ page, problems }: Watched): Promise<void> {
    expect(problems).toEqual([])
    await page.close()
  }
  /** A query of the application's own API, with the session of the browser. */
  async function ask(procedure: string, input?: object): Promise<{ status: number; text: string }> {
    const query = input ? `?input=${encodeURIComponent(JSON.stringify(input))}` : ''
    const response = await context.request.get(`${pilot.url}/api/trpc/${procedure}${query}`)
    return { status: response.status(), text: await response.text() }
  }

  it('signs in as anybody in test mode only, and leads who has no organization to making one', async () => {
    const watched = await open(pilot.url)
    const { page } = watched
    await button(page, 'Dev mode login').click()
    await dialog(page).getByLabel('E-mail').fill('nobody')
    await dialog(page).getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Enter an address such as you@example.com.').waitFor()
    await dialog(page).getByLabel('E-mail').fill('ada@example.com')
    await dialog(page).getByRole('button', { name: 'Sign in' }).click()
    await heading(page, 'Create your organization').waitFor()
    expect(page.url()).toBe(`${pilot.url}/new-organization`)
    await end(watched)
  })

  it('answers 404 for every unknown address, and visiting creates nothing', async () => {
    const strangers = (await pilot.newLink()).length > 0 ? 'owners' : ''
    const paths = ['/acme', '/acme/storefront', '/no-such-place/s/ags_00000000000000000000000000', '/%C3%A9t%C3%A9']
    const watched = await watchedPage(context, NOT_THERE)
    const { page } = watched
    for (const path of [...paths, `/${strangers}`]) {
      const response = await page.goto(pilot.url + path)
      expect(`${path} ${response?.status()}`).toBe(`${path} 404`)
      await heading(page, 'There is nothing at this address').waitFor()
    }
    expect((await ask('organization.list')).text).toBe('{"result":{"data":[]}}')
    await button(page, 'Go to the start')
      .or(page.getByRole('link', { name: 'Go to the start' }))
      .click()
    await heading(page, 'Create your organization').waitFor()
    await end(watched)
  })

  it('leads through the empty states: organization, instance, machine', async () => {
    const watched = await open(`${pilot.url}/new-organization`)
    const { page } = watched
    await button(page, 'Create organization').click()
    await page.getByText('Enter a name.').waitFor()
    await page.getByLabel('Name').fill('Åcme & Söhne')
    await button(page, 'Create organization').click()
    await heading(page, 'Create the first instance').waitFor()
    organizationUrl = page.url()
    expect(new URL(organizationUrl).pathname).toMatch(/^\/acme-sohne-[a-z0-9]{6}$/)
    await button(page, 'Create Instance').click()
    await dialog(page).getByLabel('Name').fill('Storefront')
    await dialog(page).getByRole('button', { name: 'Create instance' }).click()
    await heading(page, 'No machine yet').waitFor()
    instanceUrl = page.url()
    expect(instanceUrl.startsWith(`${organizationUrl}/storefront`)).toBe(true)
    await heading(page, 'No workspace yet').waitFor()
    // Nothing can be added without a machine.
    expect(await button(page, 'Add a directory').count()).toBe(0)
    await button(page, 'Create Machine').waitFor()
    await page.goto(organizationUrl)
    await page.waitForURL(instanceUrl)
    await end(watched)
  })

  it('makes a machine, which joins with the token on its stdin and is online without a reload', async () => {
    const watched = await open(instanceUrl)
    const { page } = watched
    await button(page, 'Create Machine').click()
    await dialog(page).getByLabel('Name').fill('build-server')
    await dialog(page).getByRole('button', { name: 'Create machine' }).click()
    await dialog(page).getByText('Waiting for the machine…').waitFor()
    await dialog(page).locator('code').nth(1).waitFor()
    const [command = '', token = ''] = await dialog(page).locator('code').allInnerTexts()
    expect(command).toBe(`pilot join ${pilot.url}/`)
    expect(token).toMatch(/^pilot_enr_/)

    machine = join2(command.slice('pilot join '.length), token)
    await dialog(page).getByText('build-server is online').waitFor({ timeout: 30_000 })
    await dialog(page).getByRole('button', { name: 'Done' }).click()
    await row(page, 'build-server').getByText('Online').waitFor()
    expect(await page.getByRole('columnheader').allInnerTexts()).toEqual(
      expect.arrayContaining(['Name', 'Type', 'State', 'Created']),
    )
    expect(await page.content()).not.toContain(token)
    expect(machineOutput).not.toContain(token)

    const again = spawn(bunBinary(), [pilotProgram, 'join', `${pilot.url}/`, '--home', join(scratch.path, 'third')], {
      env: { ...process.env, PILOT_ALLOW_ROOT: '1' },
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    let said = ''
    again.stderr.on('data', (data: Buffer) => {
      said += data.toString()
    })
    again.stdin.end(`${token}\n`)
    const [code] = await once(again, 'exit')
    expect(code).not.toBe(0)
    expect(said).toContain('This enrolment token has expired or was already used.')
    expect(said).not.toMatch(/\n\s+at /)
    await end(watched)
  })

  /** `pilot join` with another home, as on another computer. */
  function join2(url: string, token: string): ChildProcess {
    const child = spawn(bunBinary(), [pilotProgram, 'join', url, '--home', join(scratch.path, 'second')], {
      env: { ...process.env, PILOT_ALLOW_ROOT: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        machineOutput = (machineOutput + data.toString()).slice(-50_000)
      })
    child.stdin.end(`${token}\n`)
    return child
  }

  it('archives, restores and deletes a machine, asking before a loss', async () => {
    const watched = await open(instanceUrl)
    const { page } = watched
    await button(page, 'Add machine').click()
    await dialog(page).getByLabel('Name').fill('spare')
    await dialog(page).getByRole('button', { name: 'Create machine' }).click()
    await dialog(page).getByText('Waiting for the machine…').waitFor()
    await dialog(page).getByRole('button', { name: 'Close', exact: true }).last().click()
    await row(page, 'spare').getByText('Not connected yet').waitFor()

    await more(page, 'spare', 'Archive')
    await row(page, 'spare').waitFor({ state: 'detached' })
    await button(page, 'Show archived').click()
    await row(page, 'spare').getByText('Archived').waitFor()
    await more(page, 'spare', 'Restore')
    await row(page, 'spare').waitFor({ state: 'detached' })
    await button(page, 'Hide archived').click()
    await row(page, 'spare').getByText('Not connected yet').waitFor()

    await more(page, 'spare', 'Delete…')
    const confirm = dialog(page).getByRole('button', { name: 'Delete machine' })
    expect(await confirm.isEnabled()).toBe(false)
    await dialog(page).getByRole('textbox').fill('spare')
    await confirm.click()
    await row(page, 'spare').waitFor({ state: 'detached' })
    await end(watched)
  })

  /** Fills in the form of "Add a directory" and sends it. */
  async function addDirectory(page: Page, path: string, slug?: string): Promise<void> {
    if (!page.url().startsWith(instanceUrl) || (await dialog(page).count()) === 0) {
      await page.goto(instanceUrl)
      await button(page, 'Add a directory').first().click()
    }
    await dialog(page).getByLabel('Directory').fill(path)
    if (slug !== undefined) await dialog(page).getByLabel('Address').fill(slug)
    await dialog(page).getByRole('button', { name: /^Add/ }).click()
  }

  it('adds a directory of the second machine and shows its pages', async () => {
    const watched = await open(instanceUrl)
    const { page } = watched
    await addDirectory(page, makeRepository(join(scratch.path, 'storefront-app')))
    await heading(page, 'What should be done in storefront-app?').waitFor()
    expect(page.url()).toBe(`${pilot.url}/storefront-app`)
    await page.getByText('new branch from main').first().waitFor()
    await end(watched)
  })

  it('says what is wrong with a directory and what to do', async () => {
    const watched = await watchedPage(context, [...REFUSED, ...NOT_READY])
    const { page } = watched
    const file = join(scratch.path, 'a-file')
    writeFileSync(file, 'x')
    const inside = join(scratch.path, 'storefront-app', 'sub')
    mkdirSync(inside)
    const cases: [string, RegExp][] = [
      ['relative/path', /Enter the whole path/],
      [inside, /inside the workspace "storefront-app"/],
      [join(scratch.path, 'storefront-app'), /already the workspace "storefront-app"/],
      [scratch.path, /holds the workspace/],
      // Only the machine itself can know the following; the workspace says it until the directory is put right.
      [join(scratch.path, 'missing'), /does not exist on this machine/],
      [file, /This is a file/],
      [join(scratch.path, 'second'), /belongs to Pilot itself/],
    ]
    for (const [path, sentence] of cases) {
      await addDirectory(page, path)
      await page.getByText(sentence).first().waitFor()
    }
    await page.goto(`${pilot.url}/missing`)
    await page
      .getByText(/does not exist on this machine/)
      .first()
      .waitFor()
    mkdirSync(join(scratch.path, 'missing'))
    await button(page, 'Prepare again').click()
    await page.getByText('workspace directory').first().waitFor()
    await page.getByText(/does not exist on this machine/).waitFor({ state: 'detached' })
    await end(watched)
  })

  it('takes a directory without git, and a repository without a commit', async () => {
    const watched = await watchedPage(context)
    const { page } = watched
    const plain = join(scratch.path, 'plain-notes')
    mkdirSync(plain)
    await addDirectory(page, plain)
    await heading(page, 'What should be done in plain-notes?').waitFor()
    await page.getByText('workspace directory').first().waitFor()
    const unborn = join(scratch.path, 'unborn')
    mkdirSync(unborn)
    git(unborn, 'init', '-q', '-b', 'main')
    await addDirectory(page, unborn)
    await heading(page, 'What should be done in unborn?').waitFor()
    await page
      .getByText(/no commit yet/)
      .first()
      .waitFor()
    await end(watched)
  })

  it('refuses addresses that are reserved, taken, too long or not plain ASCII', async () => {
    const watched = await open(instanceUrl, REFUSED)
    const { page } = watched
    const fresh = join(scratch.path, 'fresh')
    mkdirSync(fresh)
    await button(page, 'Add a directory').first().click()
    await dialog(page).getByLabel('Directory').fill(fresh)
    const address = dialog(page).getByLabel('Address')
    const cases: [string, RegExp][] = [
      ['login', /reserved/],
      ['l0gin', /reserved/],
      ['a'.repeat(64), /at most 63 characters/],
      ['é-shop', /letters a to z/],
      ['ｓｈｏｐ', /only look like .*shop/],
      ['-shop', /start and end with/],
      ['storefront-app', /already taken/],
    ]
    for (const [slug, sentence] of cases) {
      await address.fill(slug)
      await dialog(page).getByText(sentence).waitFor()
      const response = await context.request.post(`${pilot.url}/api/trpc/workspace.create`, {
        headers: { origin: pilot.url, 'x-pilot-csrf': '1' },
        data: { instance_id: await instanceId(), name: 'x', slug, type: 'local', directory: fresh },
      })
      expect([400, 409]).toContain(response.status())
      expect(await response.text()).toMatch(sentence)
      expect(await response.text()).not.toMatch(/node_modules|\n\s+at |insert into/i)
    }
    await page.keyboard.press('Escape')
    await end(watched)
  })

  async function instanceId(): Promise<string> {
    const [organization_slug, instance_slug] = new URL(instanceUrl).pathname.slice(1).split('/')
    const { text } = await ask('instance.get', { organization_slug, instance_slug })
    const id = /inst_[a-z0-9]{26}/.exec(text)?.[0]
    if (!id) throw new Error(`no instance in ${text}`)
    return id
  }

  it('archives and deletes a workspace and leaves its directory alone', async () => {
    const watched = await open(instanceUrl)
    const { page } = watched
    await more(page, 'plain-notes', 'Archive')
    await row(page, 'plain-notes').waitFor({ state: 'detached' })
    await button(page, 'Show archived').click()
    await row(page, 'plain-notes').getByText('Archived').waitFor()
    await more(page, 'plain-notes', 'Delete…')
    await dialog(page).getByRole('textbox').fill('plain-notes')
    await dialog(page).getByRole('button', { name: 'Delete workspace' }).click()
    await row(page, 'plain-notes').waitFor({ state: 'detached' })
    await end(watched)

    const gone = await watchedPage(context, NOT_THERE)
    expect((await gone.page.goto(`${pilot.url}/plain-notes`))?.status()).toBe(404)
    await heading(gone.page, 'There is nothing at this address').waitFor()
    writeFileSync(join(scratch.path, 'plain-notes', 'still-here'), '')
    await end(gone)
  })

  it('says that a machine is gone, without a reload, and refuses to delete it with its workspaces', async () => {
    const watched = await open(instanceUrl, REFUSED)
    const { page } = watched
    await machines(page, 'build-server').getByText('Online').waitFor()
    await stopMachine()
    await machines(page, 'build-server')
      .getByText(/Offline since/)
      .waitFor({ timeout: 30_000 })
    await more(page, 'build-server', 'Delete…')
    await dialog(page).getByRole('textbox').fill('build-server')
    await dialog(page).getByRole('button', { name: 'Delete machine' }).click()
    await dialog(page)
      .getByText(/Workspaces are pinned to this machine/)
      .waitFor()
    await end(watched)
  })

  it('keeps the organizations of two people apart', async () => {
    const owner = await browser.newContext({ viewport: DESKTOP })
    const { page } = await watchedPage(owner, NOT_THERE)
    await page.goto(await pilot.newLink())
    await page.getByText('owners', { exact: true }).first().click()
    await heading(page, 'What should be done in owners?').waitFor()
    for (const path of [new URL(organizationUrl).pathname, new URL(instanceUrl).pathname, '/storefront-app']) {
      expect((await page.goto(pilot.url + path))?.status()).toBe(404)
      await heading(page, 'There is nothing at this address').waitFor()
    }
    await owner.close()
    await until('no process of the second machine', () => pilot.pids(join(scratch.path, 'second')).length === 0)
  })
})
