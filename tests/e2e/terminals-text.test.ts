import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP } from '../support/browser.ts'
import { until } from '../support/pilot.ts'
import {
  isLive,
  openTerminal,
  promptThere,
  run,
  screen,
  shows,
  startTerminalWorld,
  type TerminalWorld,
  terminalContext,
  withShell,
} from '../support/terminal-steps.ts'

describe('the text of a terminal', () => {
  let world: TerminalWorld

  beforeAll(async () => {
    world = await startTerminalWorld()
  })
  afterAll(() => world?.stop())

  const dialog = (page: Page) => page.getByRole('dialog')
  async function paste(page: Page, text: string): Promise<void> {
    await page.evaluate((value) => navigator.clipboard.writeText(value), text)
    await page.keyboard.press('Control+Shift+V')
  }

  it('several lines are shown before they are pasted; a program that understands it gets them as one paste', async () => {
    const { page, problems } = await withShell(world.desktop, world.url)
    await paste(page, 'echo "single $((1+1))"')
    await shows(page, 'echo "single')
    expect(await dialog(page).count()).toBe(0)
    await page.keyboard.press('Enter')
    await shows(page, /^single 2$/m)

    await paste(page, 'echo refused\necho "too"\n')
    await dialog(page).getByText('Paste 2 lines?').waitFor()
    await dialog(page).getByRole('button', { name: 'Cancel' }).click()
    await dialog(page).waitFor({ state: 'detached' })
    expect(await screen(page)).not.toContain('refused')

    // The shell asked for brackets: nothing runs until Enter.
    await paste(page, 'echo a1\necho b2')
    await dialog(page).getByRole('button', { name: 'Paste', exact: true }).click()
    await shows(page, 'echo b2')
    expect(await screen(page)).not.toMatch(/^a1$/m)
    await page.keyboard.press('Enter')
    await shows(page, /^b2$/m)
    expect(await screen(page)).toMatch(/^a1$/m)

    // A program that did not ask gets no brackets, and control characters never pass.
    await run(page, 'cat > pasted.txt')
    await paste(page, 'one\ntwo\u001b[201~\u0007\n')
    await dialog(page).getByText('2 control characters are left out.').waitFor()
    await dialog(page).getByRole('button', { name: 'Paste', exact: true }).click()
    await shows(page, 'two[201~')
    await page.keyboard.press('Control+D')
    await promptThere(page)
    expect(readFileSync(join(world.repo, 'pasted.txt'), 'utf8')).toBe('one\ntwo[201~\n')

    await paste(page, 'echo j1\necho j2')
    await dialog(page).getByText('Do not ask again for this terminal').click()
    await dialog(page).getByRole('button', { name: 'Paste as one line' }).click()
    await shows(page, 'echo j1 echo j2')
    await page.keyboard.press('Enter')
    await shows(page, /^j1 echo j2$/m)
    await paste(page, 'echo k1\necho k2')
    await shows(page, 'echo k2')
    expect(await dialog(page).count()).toBe(0)
    await page.keyboard.press('Enter')
    await shows(page, /^k2$/m)
    expect(problems).toEqual([])
    await page.close()
  })

  it('a long paste says how far it is, arrives whole, and can be stopped', async () => {
    const { page, problems } = await withShell(world.desktop, world.url)
    const line = `${'x'.repeat(99)}\n`
    const text = line.repeat(20_000)
    await run(page, 'stty -echo; cat > long.txt')
    await paste(page, text)
    await dialog(page)
      .getByText(/and [\d,]+ characters more/)
      .waitFor()
    await dialog(page).getByRole('button', { name: 'Paste', exact: true }).click()
    await page.getByText(/^Pasting, \d+ %/).waitFor({ state: 'detached', timeout: 30_000 })
    await page.keyboard.press('Control+D')
    await promptThere(page)
    expect(readFileSync(join(world.repo, 'long.txt'), 'utf8')).toBe(text)

    // Nobody reads: it waits, and the rest of it is dropped.
    await run(page, 'sleep 600')
    await page.getByRole('tab', { name: /sleep/ }).waitFor()
    await paste(page, text)
    await dialog(page).getByRole('button', { name: 'Paste', exact: true }).click()
    await page.getByText(/^Pasting, \d+ %/).waitFor()
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByText(/^Pasting, \d+ %/).waitFor({ state: 'detached' })
    await page.keyboard.press('Control+C')
    await promptThere(page)
    expect(problems).toEqual([])
    await page.close()
  })

  it('is found in the scrollback and copied by selection', async () => {
    const { page, problems } = await withShell(world.desktop, world.url)
    writeFileSync(
      join(world.repo, 'many.txt'),
      Array.from({ length: 2_000 }, (_, n) => (n % 500 === 7 ? `needle number ${n}\n` : `hay ${n}\n`)).join(''),
    )
    await run(page, 'clear; cat many.txt')
    await shows(page, 'hay 1999')
    await page.keyboard.press('Control+F')
    const find = page.getByRole('textbox', { name: 'Find in the output' })
    await find.fill('needle number')
    await page.getByText('4 of 4').waitFor()
    await shows(page, 'needle number 1507')
    await find.press('Enter')
    await page.getByText('3 of 4').waitFor()
    await shows(page, 'needle number 1007')
    await find.fill('NEEDLE')
    await page.getByRole('button', { name: 'Match case' }).click()
    await page.getByText('Not found').waitFor()
    await page.getByRole('button', { name: 'Match case' }).click()
    await page.getByRole('button', { name: 'Regular expression' }).click()
    await find.fill('number 1?507$')
    await page.getByText(/of 2/).waitFor()
    await find.press('Escape')
    await find.waitFor({ state: 'detached' })

    await run(page, 'clear; echo copy-this-word')
    await shows(page, /^copy-this-word$/m)
    const line = page.locator('.xterm-screen:visible')
    const box = await line.boundingBox()
    if (!box) throw new Error('no screen')
    const row = (await screen(page)).split('\n').indexOf('copy-this-word')
    const height = box.height / (await page.locator('.xterm-accessibility-tree:visible [role=listitem]').count())
    await page.mouse.dblclick(box.x + 20, box.y + (row + 0.5) * height)
    await page.keyboard.press('Control+Shift+C')
    await until('the copy', async () => (await page.evaluate(() => navigator.clipboard.readText())).includes('this'))
    // Ctrl-C copies what is selected, and interrupts when nothing is.
    await run(page, 'sleep 600')
    await page.getByRole('tab', { name: /sleep/ }).waitFor()
    await page.mouse.dblclick(box.x + 20, box.y + (row + 0.5) * height)
    await page.keyboard.press('Control+C')
    await page.getByRole('tab', { name: /sleep/ }).waitFor()
    await page.keyboard.press('Control+C')
    await promptThere(page)
    expect(problems).toEqual([])
    await page.close()
  })

  it('marks a tab that rang unseen, names what runs, and follows the theme', async () => {
    const { page, problems } = await withShell(world.desktop, world.url)
    await page.getByRole('tab', { selected: true }).filter({ hasText: 'bash' }).waitFor()
    await run(page, 'vim -u NONE')
    await page.getByRole('tab', { selected: true }).filter({ hasText: 'vim' }).waitFor()
    await run(page, ':q')
    await promptThere(page)
    await run(page, 'printf "\\033]2;my own title\\007"; exec sleep 600')
    await page.getByRole('tab', { name: /my own title/ }).waitFor()
    await until('the title of the page', async () => /my own title/.test(await page.title()))

    await openTerminal(page)
    await promptThere(page)
    const [, second] = page.url().split('/terminal/')
    await run(page, 'while [ ! -e ring-now ]; do read -t 0.05 <> <(:); done; printf "\\a"')
    await page.getByRole('tab', { name: /my own title/ }).click()
    await page.waitForURL((url) => !url.pathname.endsWith(second ?? ''))
    writeFileSync(join(world.repo, 'ring-now'), '')
    await page.getByRole('tab', { name: /^Rang: / }).waitFor()
    expect(await page.title()).toMatch(/^• /)
    await page.getByRole('tab', { name: /^Rang: / }).click()
    await until('the mark to be gone', async () => (await page.getByRole('tab', { name: /^Rang: / }).count()) === 0)

    /** Whether the emulator draws on white. */
    const light = () =>
      page
        .locator('.xterm:visible')
        .first()
        .evaluate((node) =>
          [...node.querySelectorAll('*')].some(
            (part) => getComputedStyle(part).backgroundColor === 'rgb(255, 255, 255)',
          ),
        )
    await page.emulateMedia({ colorScheme: 'light' })
    await until('the light terminal', light, 5_000)
    await page.emulateMedia({ colorScheme: 'dark' })
    await until('the dark terminal', async () => !(await light()), 5_000)
    expect(problems).toEqual([])
    await page.close()
  })

  it('no output stops it: counts without an end, and erasing all of a screen that has no history', async () => {
    const { page, problems } = await withShell(world.desktop, world.url)
    // A terminal that was reset has no history.
    const all = ['1J', '?1J', ...[...'LMSTIZb'].map((final) => `2147483647${final}`)]
    for (const sequence of all) {
      await run(page, `printf '\\033c%s\\033[999;999Hx\\033[${sequence}\\033[H' before; echo after${sequence}`)
      await shows(page, `after${sequence}`)
    }
    await run(page, 'clear; echo still $((40+2))')
    await shows(page, /^still 42$/m)
    expect(problems).toEqual([])
    await page.close()
  })

  it('links open another page that cannot reach this one, and nothing else does', async () => {
    const { page, problems } = await withShell(world.desktop, world.url)
    await run(page, `clear; echo ${world.pilot.url}/login?from=terminal`)
    const text = await shows(page, /^http:\S+$/m)
    const row = text.split('\n').findIndex((line) => line.startsWith('http:'))
    const box = await page.locator('.xterm-screen:visible').boundingBox()
    if (!box) throw new Error('no screen')
    const height = box.height / (await page.locator('.xterm-accessibility-tree:visible [role=listitem]').count())
    const opened = page.context().waitForEvent('page')
    await page.mouse.move(box.x + 30, box.y + (row + 0.5) * height)
    await page.mouse.move(box.x + 40, box.y + (row + 0.5) * height)
    await page.locator('.xterm-cursor-pointer').waitFor()
    await page.mouse.click(box.x + 40, box.y + (row + 0.5) * height)
    const other = await opened
    await other.waitForURL(/from=terminal|\/shop|\/$/)
    expect(await other.evaluate(() => window.opener)).toBeNull()
    await other.close()
    await isLive(page)
    expect(problems).toEqual([])
    await page.close()
  })

  it.each([1, 2])('is drawn in cells of its font, also with %d pixels for one of the page', async (ratio) => {
    const storageState = await world.desktop.storageState()
    const context = await terminalContext(world.browser, storageState, { viewport: DESKTOP, deviceScaleFactor: ratio })
    const { page, problems } = await withShell(context, world.url)
    const cells = async () => {
      await run(page, 'clear; stty size')
      const [rows = 0, cols = 0] = (await shows(page, /^\d+ \d+$/m)).split('\n')[0]?.split(' ').map(Number) ?? []
      return page.evaluate(
        ([rows, cols]) => {
          const screen = document.querySelector<HTMLElement>('.xterm-screen')
          const context = document.createElement('canvas').getContext('2d')
          const stored = JSON.parse(localStorage.getItem('pilot.terminal') ?? '{}') as { font?: number }
          const size = stored.font ?? 13
          if (!screen || !context) throw new Error('no screen')
          context.font = `${size}px ${getComputedStyle(screen).getPropertyValue('--mono')}`
          const whole = (length: number) => Math.round(length * devicePixelRatio) / devicePixelRatio
          return {
            is: [screen.offsetWidth / cols, screen.offsetHeight / rows],
            font: [whole(context.measureText('W').width), whole(size * 1.4)],
          }
        },
        [rows, cols] as const,
      )
    }
    const fits = async () => {
      const { is, font } = await cells()
      // The whole screen is rounded to one px.
      return is.every((length, index) => Math.abs(length - (font[index] ?? 0)) < 0.05)
    }
    await until('cells of the font', fits)
    await page.keyboard.press('Control+Equal')
    await until('cells of a larger font', fits)
    await page.keyboard.press('Control+0')
    await until('cells of the font', fits)

    await run(page, 'clear; cat')
    await until('an empty screen', async () => (await screen(page)) === '')
    const box = await page.locator('.xterm-screen:visible').boundingBox()
    if (!box) throw new Error('no screen')
    // Away from the cursor.
    const firstWord = { x: box.x, y: box.y, width: 40, height: 18 }
    const blank = await page.screenshot({ clip: firstWord })
    await run(page, 'drawn')
    await shows(page, /^drawn$/m)
    await until('the word on the screen', async () => !blank.equals(await page.screenshot({ clip: firstWord })), 5_000)
    expect(problems).toEqual([])
    await context.close()
  })
})
