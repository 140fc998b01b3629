import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  COUNT,
  expectAllOfIt,
  expectEveryLine,
  isStale,
  LAST_LINE,
  type RelayedWorld,
  startRelayedWorld,
} from '../support/bad-links.ts'
import { PHONE, watchedPage } from '../support/browser.ts'
import {
  ANSWERS,
  type Device,
  offlineInMidOutput,
  typedLongBefore,
  typedShortlyBefore,
} from '../support/link-scenarios.ts'
import { enter } from '../support/phone-steps.ts'
import { until } from '../support/pilot.ts'
import { asPhone, freeze, isHidden, launchRealWindows, thaw } from '../support/real-windows.ts'
import {
  AWAY,
  isLive,
  linkState,
  makeTerminal,
  promptThere,
  run,
  screen,
  shows,
  snapshot,
  watchAsReader,
  withShell,
} from '../support/terminal-steps.ts'

describe('a terminal on a phone, with the links of a phone', () => {
  let world: RelayedWorld

  beforeAll(async () => {
    world = await startRelayedWorld()
  })
  afterAll(() => world?.stop())
  const device = (): Device => ({ context: world.phone, enter: enter, press: (button) => button.tap() })
  afterEach(() => world.networkBack(world.phone, world.desktop))

  it('offline in the middle of output: says so, and then shows what was missed', () =>
    offlineInMidOutput(world, device()))

  it('reloaded in the middle of output: nothing is lost or doubled', async () => {
    const { page, problems, id } = await withShell(world.phone, world.url, AWAY)
    await enter(page, COUNT)
    await shows(page, /n\d+\./)
    await page.reload()
    await isLive(page)
    await shows(page, /n\d\d+\./)
    await page.reload()
    await expectAllOfIt(page, world.url, id)
    expect(problems).toEqual([])
    await page.close()
  })

  describe('what was typed without a link', () => {
    it('goes by itself, once, when the link is soon back', () => typedShortlyBefore(world, device()))

    it.each(ANSWERS)('after a while it waits for its user: %s', (...answer) =>
      typedLongBefore(world, device(), ...answer),
    )
  })

  it('in the background, where it is stopped and its connection dies, and back again', async () => {
    const windows = await launchRealWindows()
    try {
      const { context } = windows
      await context.addCookies(await world.phone.cookies())
      await watchAsReader(context)
      const { page, problems } = await watchedPage(context, AWAY)
      const cdp = await asPhone(page, PHONE)
      const id = await makeTerminal(page, world.url)
      await page.goto(`${world.url}/terminal/${id}`)
      await isLive(page)
      await promptThere(page)
      for (const dies of [false, true]) {
        await enter(page, COUNT, 'click')
        await shows(page, /n\d+\./)
        await page.evaluate(() => {
          const { dataset } = document.documentElement
          document.addEventListener('freeze', () => Object.assign(dataset, { frozen: 'yes' }), { once: true })
          delete dataset.frozen
        })
        const other = await context.newPage()
        await other.bringToFront()
        await isHidden(page, true)
        await freeze(cdp)
        if (dies) world.relay.cut()
        await until('the machine to go on', async () => (await snapshot(page, world.url, id)).includes(LAST_LINE))
        await thaw(cdp)
        await page.bringToFront()
        await isHidden(page, false)
        expect(await page.evaluate(() => document.documentElement.dataset.frozen)).toBe('yes')
        await expectAllOfIt(page, world.url, id)
        await enter(page, `echo "and on $((40+2))"; clear; printf '\\e[3J'`, 'click')
        await until('an empty screen', async () => !(await screen(page)).includes('n9'))
        await other.close()
      }
      expect(problems).toEqual([])
    } finally {
      await windows.close()
    }
  })

  it('beside a desktop: both show all of it, and only the one without a network is behind', async () => {
    const { page: phone, problems, id } = await withShell(world.phone, world.url, AWAY)
    const { page: desktop, problems: others } = await watchedPage(world.desktop, AWAY)
    await desktop.goto(`${world.url}/terminal/${id}`)
    await isLive(desktop)
    await enter(phone, COUNT)
    await shows(desktop, /n\d+\./)
    // Every connection breaks, and one of the two can make no other.
    await world.networkAway(world.phone)
    world.relay.heal()
    await isStale(phone)
    await isLive(desktop)
    await shows(desktop, LAST_LINE)
    await run(desktop, 'echo "from the desktop $((4*4))"')
    await shows(desktop, /^from the desktop 16$/m)
    expect(await screen(phone)).not.toContain(LAST_LINE)
    await linkState(phone, /^Stale since/).waitFor()
    await world.networkBack(world.phone)
    await isLive(phone)
    await shows(phone, /^from the desktop 16$/m)
    await enter(phone, 'echo "from the phone $((5*5))"')
    await shows(desktop, /^from the phone 25$/m)
    await expectEveryLine(phone, world.url, id)
    await expectEveryLine(desktop, world.url, id)
    expect([problems, others]).toEqual([[], []])
    await desktop.close()
    await phone.close()
  })
})
