import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CDPSession } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PHONE, watchedPage } from '../support/browser.ts'
import { sidewaysScroll } from '../support/checks.ts'
import { enter, field, key } from '../support/phone-steps.ts'
import { until } from '../support/pilot.ts'
import {
  isLive,
  moreMenu,
  openNewMenu,
  promptThere,
  screen,
  shows,
  startTerminalWorld,
  TERMINAL_URL,
  type TerminalWorld,
  withShell,
} from '../support/terminal-steps.ts'

describe('a terminal on a phone', () => {
  let world: TerminalWorld

  beforeAll(async () => {
    world = await startTerminalWorld()
  })
  afterAll(() => world?.stop())

  it('goes from the list of sessions to a terminal and back, and closes it', async () => {
    const { page, problems } = await watchedPage(world.phone)
    await page.goto(`${world.url}/terminal`)
    await page.getByText('No terminal yet').waitFor()
    await page.getByRole('button', { name: 'New terminal' }).last().tap()
    await page.waitForURL(TERMINAL_URL)
    await isLive(page)
    await promptThere(page)
    await enter(page, 'echo "on a phone $((4*4))"')
    await shows(page, /^on a phone 16$/m)
    await moreMenu(page, 'Rename')
    await page.getByLabel('Name of the terminal').fill('pocket')
    await page.getByLabel('Name of the terminal').press('Enter')
    await page.getByRole('heading', { name: 'pocket' }).waitFor()
    await page.getByLabel('Back to the terminals').tap()
    await page.getByRole('link', { name: /pocket/ }).waitFor()
    expect(await sidewaysScroll(page)).toBe(0)
    await openNewMenu(page)
    await page.getByRole('menuitem', { name: /^Shell/ }).tap()
    await page.waitForURL(TERMINAL_URL)
    await promptThere(page)
    await enter(page, 'sleep 600')
    await page.getByText(/^sleep/).waitFor()
    // A fresh page knows what runs, too.
    await page.reload()
    await page.getByRole('heading', { name: /^sleep/ }).waitFor()
    await isLive(page)
    await moreMenu(page, 'End and close…')
    await page.getByRole('button', { name: 'End sleep' }).tap()
    await page.getByRole('heading', { name: 'Terminals' }).waitFor()
    await page.getByRole('link', { name: /pocket/ }).tap()
    await shows(page, /^on a phone 16$/m)
    await page.reload()
    await shows(page, /^on a phone 16$/m)
    expect(await sidewaysScroll(page)).toBe(0)
    expect(problems).toEqual([])
    await page.close()
  })

  it('has the keys that its keyboard lacks', async () => {
    const { page, problems } = await withShell(world.phone, world.url)
    await field(page).tap()
    await page.keyboard.insertText('cat no')
    await shows(page, /cat no$/m)
    await key(page, 'Tab').tap()
    await shows(page, /cat notes\.txt/)
    await key(page, 'Ctrl').tap()
    await page.keyboard.insertText('c')
    await shows(page, /\^C/)
    expect(await key(page, 'Ctrl').getAttribute('aria-pressed')).toBe('false')
    await enter(page, 'echo first')
    await shows(page, /^first$/m)
    await enter(page, 'echo second')
    await shows(page, /^second$/m)
    await key(page, 'Up').tap()
    await key(page, 'Up').tap()
    await shows(page, /echo first$/)
    await key(page, 'Down').tap()
    await shows(page, /echo second$/)
    await key(page, 'Left').tap()
    await page.keyboard.insertText('X')
    await shows(page, /echo seconXd$/)
    await key(page, 'Ctrl').tap()
    await page.keyboard.insertText('c')
    await promptThere(page)

    await enter(page, 'vim -u NONE -N from-phone.txt')
    await shows(page, '"from-phone.txt"')
    await page.keyboard.insertText('ityped with thumbs')
    await shows(page, 'typed with thumbs')
    await key(page, 'Esc').tap()
    await enter(page, ':wq')
    await promptThere(page)
    expect(readFileSync(join(world.repo, 'from-phone.txt'), 'utf8')).toBe('typed with thumbs\n')
    expect(problems).toEqual([])
    await page.close()
  })

  it('pastes several lines after asking, and follows the phone when it is turned', async () => {
    const { origin } = new URL(world.url)
    await world.phone.grantPermissions(['clipboard-read', 'clipboard-write'], { origin })
    const { page, problems } = await withShell(world.phone, world.url)
    const columns = async () => {
      await enter(page, 'clear; echo "columns:$(stty size | cut -d" " -f2)"')
      const text = await shows(page, /^columns:\d+$/m)
      return Number(/^columns:(\d+)$/m.exec(text)?.[1])
    }
    await page.evaluate(() => navigator.clipboard.writeText('echo p$((1+1))\necho q$((2+2))\n'))
    await key(page, 'Paste').tap()
    await page.getByRole('dialog').getByText('Paste 2 lines?').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Paste', exact: true }).tap()
    await shows(page, 'echo q$((2+2))')
    expect(await screen(page)).not.toMatch(/^p2$/m)
    await page.getByRole('button', { name: 'Enter', exact: true }).tap()
    await shows(page, /^q4$/m)
    expect((await screen(page)).match(/^p2$/gm)).toHaveLength(1)

    const upright = await columns()
    await page.setViewportSize({ width: PHONE.height, height: PHONE.width })
    await until('more columns', async () => (await columns()) > upright)
    expect(await sidewaysScroll(page)).toBe(0)
    await page.setViewportSize(PHONE)
    await until('as many as before', async () => (await columns()) === upright)
    expect(problems).toEqual([])
    await page.close()
  })

  it('takes composed, swiped and corrected text once', async () => {
    const { page, problems } = await withShell(world.phone, world.url)
    const cdp: CDPSession = await page.context().newCDPSession(page)
    const compose = (text: string) =>
      cdp.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
    await field(page).tap()
    await page.keyboard.insertText('echo ')
    for (const part of ['h', 'he', 'hel', 'helo']) await compose(part)
    // The keyboard corrects the word as it is finished.
    await cdp.send('Input.insertText', { text: 'hello' })
    await page.keyboard.insertText(' ')
    for (const part of ['に', 'にほ', 'にほん']) await compose(part)
    await cdp.send('Input.insertText', { text: '日本' })
    await page.keyboard.insertText(' world')
    await shows(page, /echo hello 日本 world$/)
    // A word that was sent is replaced by the keyboard's suggestion.
    await field(page).evaluate((node) => {
      const input = node as HTMLInputElement
      const at = input.value.lastIndexOf('world')
      input.setRangeText('there', at, at + 5, 'end')
      input.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertReplacementText', data: 'there' }))
    })
    await shows(page, /echo hello 日本 there$/)
    // A double space becomes a full stop, and is taken back.
    await page.keyboard.press('Backspace')
    await shows(page, /echo hello 日本 ther$/)
    await page.keyboard.insertText('apy')
    await page.getByRole('button', { name: 'Enter', exact: true }).tap()
    await shows(page, /^hello 日本 therapy$/m)

    for (const letter of 'aabbccddee') await page.keyboard.press(letter)
    await shows(page, /ready> aabbccddee$/)
    for (let index = 0; index < 10; index++) await page.keyboard.press('Backspace')
    await promptThere(page)
    expect(problems).toEqual([])
    await page.close()
  })

  it('has text of a size one can read, and gives it to select', async () => {
    const { page, problems } = await withShell(world.phone, world.url)
    await enter(page, 'stty size')
    const size = async () =>
      /^(\d+) (\d+)$/m
        .exec(await shows(page, /^\d+ \d+$/m))
        ?.slice(1)
        .map(Number) ?? []
    const [rows = 0, cols = 0] = await size()
    await page.getByRole('button', { name: 'More actions' }).tap()
    for (let index = 0; index < 3; index++) await page.getByRole('menuitem', { name: 'Larger text' }).tap()
    await page.keyboard.press('Escape')
    await enter(page, 'clear')
    await until('fewer columns', async () => {
      await enter(page, 'clear; stty size')
      const [, now = 0] = await size()
      return now > 0 && now < cols
    })
    expect(rows).toBeGreaterThan(5)
    expect(await sidewaysScroll(page)).toBe(0)
    const zoom = await page.evaluate(() => window.visualViewport?.scale)
    expect(zoom).toBe(1)
    await enter(page, 'clear; echo to be selected')
    await shows(page, /^to be selected$/m)
    await key(page, 'Select text').tap()
    await page.getByRole('dialog').getByText('to be selected').first().waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Copy everything' }).tap()
    await until('the copy', async () =>
      (await page.evaluate(() => navigator.clipboard.readText())).includes('to be selected'),
    )
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await screen(page)).toContain('to be selected')
    expect(problems).toEqual([])
    await page.close()
  })
})
