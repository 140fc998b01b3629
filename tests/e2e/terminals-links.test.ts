import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  COUNT,
  expectAllOfIt,
  expectEveryLine,
  LAST_LINE,
  type RelayedWorld,
  startRelayedWorld,
} from '../support/bad-links.ts'
import { watchedPage } from '../support/browser.ts'
import {
  ANSWERS,
  type Device,
  offlineInMidOutput,
  typedLongBefore,
  typedShortlyBefore,
} from '../support/link-scenarios.ts'
import { until } from '../support/pilot.ts'
import { AWAY, isLive, linkState, promptThere, run, screen, shows, withShell } from '../support/terminal-steps.ts'

describe('a terminal on bad links', () => {
  let world: RelayedWorld

  beforeAll(async () => {
    world = await startRelayedWorld()
  })
  afterAll(() => world?.stop())
  const device = (): Device => ({ context: world.desktop, enter: run, press: (button) => button.click() })
  afterEach(() => world.networkBack(world.desktop))

  const processes = {
    runtime: () => world.pilot.pids('runtime', '--supervised'),
    gateway: () => world.pilot.pids('serve', '--supervised'),
  }
  type Process = keyof typeof processes
  async function kill(name: Process): Promise<void> {
    const [pid] = processes[name]()
    if (!pid) throw new Error(`no ${name} is running`)
    process.kill(pid, 'SIGKILL')
    await until(`the ${name} to be gone`, () => !processes[name]().includes(pid))
  }
  /** While it runs nothing that was killed is brought back. */
  async function withoutSupervisor(action: () => Promise<void>): Promise<void> {
    world.pilot.supervisor.kill('SIGSTOP')
    try {
      await action()
    } finally {
      world.pilot.supervisor.kill('SIGCONT')
    }
  }
  it('takes what is typed during output, and a reload in the middle loses and doubles nothing', async () => {
    const { page, problems, id } = await withShell(world.desktop, world.url)
    expect(world.relay.connections).toBeGreaterThan(0)
    await run(page, COUNT)
    await shows(page, /n\d+\./)
    await run(page, 'echo "typed $((6*7))"')
    await page.reload()
    await isLive(page)
    await shows(page, /n\d\d\d+\./)
    await page.reload()
    await shows(page, 'typed 42')
    await expectEveryLine(page, world.url, id)
    expect(problems).toEqual([])
    await page.close()
  })

  it('offline in the middle of output: says so, and then shows what was missed', () =>
    offlineInMidOutput(world, device()))

  it.each<Process>(['gateway', 'runtime'])('kill -9 of the %s in the middle of output', async (name) => {
    const { page, problems, id } = await withShell(world.desktop, world.url, AWAY)
    await run(page, COUNT)
    await shows(page, /n\d+\./)
    await withoutSupervisor(async () => {
      await kill(name)
      await linkState(page, name === 'gateway' ? /^Stale since/ : /^Machine offline since/).waitFor({ timeout: 20_000 })
    })
    await expectAllOfIt(page, world.url, id)
    await run(page, 'echo "and on $((40+2))"')
    await shows(page, 'and on 42')
    expect(problems).toEqual([])
    await page.close()
  })

  it('both at once, with the same terminal open on another page and on a phone', async () => {
    const { page, problems, id } = await withShell(world.desktop, world.url, AWAY)
    const others = [await watchedPage(world.desktop, AWAY), await watchedPage(world.phone, AWAY)]
    for (const { page: other } of others) {
      await other.goto(`${world.url}/terminal/${id}`)
      await isLive(other)
    }
    await run(page, COUNT)
    for (const { page: other } of others) await shows(other, /n\d\d\d\./)
    await withoutSupervisor(async () => {
      await kill('runtime')
      await kill('gateway')
      for (const one of [page, ...others.map(({ page: other }) => other)]) {
        await linkState(one, /^Stale since/).waitFor({ timeout: 20_000 })
      }
    })
    for (const { page: one, problems: told } of [{ page, problems }, ...others]) {
      await isLive(one)
      await shows(one, LAST_LINE)
      await expectEveryLine(one, world.url, id)
      expect(told).toEqual([])
    }
    for (const { page: other } of others) await other.close()
    await page.close()
  })

  it('full-screen programs are the same after a reload and after the machine was away', async () => {
    writeFileSync(
      join(world.repo, 'long.txt'),
      Array.from({ length: 300 }, (_, index) => `line ${index + 1} of a long file\n`).join(''),
    )
    const { page, problems } = await withShell(world.desktop, world.url, AWAY)
    await run(page, 'less long.txt')
    await shows(page, 'line 1 of')
    await page.keyboard.press('Space')
    await until('another page of it', async () => !(await screen(page)).includes('line 1 of'))
    const paged = await screen(page)
    await page.reload()
    await isLive(page)
    await until('the same page', async () => (await screen(page)) === paged, 10_000)
    await page.keyboard.type('q')
    await promptThere(page)
    expect(await screen(page)).toContain('less long.txt')

    await run(page, 'vim -u NONE -N edited.txt')
    await shows(page, '"edited.txt"')
    await page.keyboard.type('ihello from vim')
    await shows(page, 'hello from vim')
    await kill('runtime')
    await page.reload()
    await isLive(page)
    await shows(page, 'hello from vim')
    await page.keyboard.type(' again')
    await page.keyboard.press('Escape')
    await run(page, ':wq')
    await promptThere(page)
    expect(readFileSync(join(world.repo, 'edited.txt'), 'utf8')).toBe('hello from vim again\n')
    expect(problems).toEqual([])
    await page.close()
  })

  describe('what was typed without a link', () => {
    it('goes by itself, once, when the link is soon back', () => typedShortlyBefore(world, device()))

    it.each(ANSWERS)('after a while it waits for its user: %s', (...answer) =>
      typedLongBefore(world, device(), ...answer),
    )
  })
})
