import { join } from 'node:path'
import type { TerminalId } from '@pilot/domain/entities/terminal'
import type { TerminalClient } from '@pilot/frontend/terminal/port'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FaultWorld } from '../support/fault-world.ts'
import type { NodeTab } from '../support/node-tab.ts'
import { until } from '../support/pilot.ts'
import { replayed } from '../support/programs.ts'
import { SEED, seeded } from '../support/random.ts'
import { HeadlessScreen } from '../support/screens.ts'
import { COLS, FIXTURES, fixture, fixtureNames, ROWS } from './fixtures.ts'

/** What a tab shows of real programs after cuts, reloads and deaths, against an emulator that was never disturbed. */
const random = seeded(SEED)
const PIECES = 24
let world: FaultWorld
beforeAll(async () => {
  world = await FaultWorld.start(random)
})
afterAll(async () => {
  await world?.stop()
})

/** Recordings that end with a scroll region, character sets, tab stops and a saved cursor of their own. */
const LEAVING = ['left-behind', 'modes']

const faults = {
  'the link of the tab is cut': () => world.tabs.cut(),
  'the link of the machine is cut': () => world.machine.cut(),
  'the daemon is killed': async () => {
    await world.daemon.kill('SIGKILL')
    world.startDaemon()
  },
} as const
type Fault = keyof typeof faults

/** Tabs of the present test; one person may have so many at once. */
const tabs: NodeTab[] = []
const openTab = () => {
  const tab = world.tab()
  tabs.push(tab)
  return tab
}
afterEach(() => {
  for (const tab of tabs.splice(0)) tab.close()
})

/** The picture of an emulator that was given everything as one piece. */
async function undisturbed(...parts: (string | Uint8Array)[]): Promise<HeadlessScreen> {
  const screen = new HeadlessScreen(COLS, ROWS)
  for (const part of parts) screen.emulator.write(part)
  await screen.settled()
  return screen
}

const same = async (one: HeadlessScreen, expected: string[]) => {
  await one.settled()
  return one.state().join('\n') === expected.join('\n')
}

/** A terminal whose shell says nothing any more, on a screen. */
async function quietShell(): Promise<{ id: TerminalId; client: TerminalClient; screen: HeadlessScreen; from: number }> {
  const screen = new HeadlessScreen(COLS, ROWS)
  const id = await world.openTerminal({ cols: COLS, rows: ROWS })
  const client = openTab().attach(id, screen, { cols: COLS, rows: ROWS })
  await until('the terminal to be live', () => client.get().phase === 'live')
  client.input('PS1=; PROMPT_COMMAND=; stty -echo; echo qui""et\r')
  await until('the shell', () => screen.text().includes('quiet'))
  return { id, client, screen, from: screen.bytes }
}

/** Somebody who begins with nothing. */
function newcomer(id: TerminalId): HeadlessScreen {
  const screen = new HeadlessScreen(COLS, ROWS)
  openTab().attach(id, screen, { cols: COLS, rows: ROWS })
  return screen
}

describe.each(fixtureNames())(`%s (seed ${SEED})`, (name) => {
  it('is the same after every fault, and for those who come late', async () => {
    const { id, client, screen, from } = await quietShell()
    const size = fixture(name).length
    client.input(`printf '\\033c'; exec ${replayed(join(FIXTURES, `${name}.gz`), PIECES, 30)}\r`)
    const late: { screen: HeadlessScreen; fault: string }[] = []
    for (const fault of Object.keys(faults) as Fault[]) {
      const share = (late.length + random.next()) / 4
      await until('more of the recording', () => screen.bytes - from > size * share)
      await faults[fault]()
      late.push({ screen: newcomer(id), fault })
    }
    const expected = (await undisturbed('\u001bc', fixture(name))).state()
    await until('the whole recording', () => same(screen, expected), 30_000).catch(() => undefined)
    expect(screen.state()).toEqual(expected)
    for (const one of [...late, { screen: newcomer(id), fault: 'it has ended' }]) {
      await until('the same picture', () => same(one.screen, expected), 10_000).catch(() => undefined)
      expect(one.screen.state(), `of one who came when ${one.fault}`).toEqual(expected)
    }
    await world.closeTerminal(id)
  })

  it('is the same behind more output than is kept, as far as the history reaches', async () => {
    const { id, client, screen, from } = await quietShell()
    // More than the ring holds, so that newcomers are given a picture and what follows it.
    const filler = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1} ${'·'.repeat(20)}\r\n`).join('')
    const lines = 50_000
    client.input(`seq -f '%.0f ${'·'.repeat(20)}' 1 ${lines}; exec ${replayed(join(FIXTURES, `${name}.gz`), 6, 30)}\r`)
    // Its last line may be gone from the screen at once: some recordings begin with another screen.
    const filled = Buffer.byteLength(filler(lines))
    await until('the end of the filler', () => screen.bytes - from >= filled)
    const early = newcomer(id)
    const whole = await undisturbed(filler(lines), fixture(name))
    const expected = whole.state()
    await until('the whole recording', () => same(screen, expected), 30_000).catch(() => undefined)
    expect(screen.state()).toEqual(expected)
    for (const [who, one] of [
      ['when it began', early],
      ['afterwards', newcomer(id)],
    ] as const) {
      const agrees = async () => {
        await one.settled()
        return one.recent().join('\n') === whole.recent(one).join('\n')
      }
      await until('the same picture', agrees, 10_000).catch(() => undefined)
      expect(one.recent(), `of one who came ${who}`).toEqual(whole.recent(one))
      // History is more than the screen, and what is missing was told.
      expect(one.gaps).toBeGreaterThan(0)
      expect(one.history()).toBeGreaterThanOrEqual(500)
    }
    await world.closeTerminal(id)
  })
})

describe.each(LEAVING)(`what %s leaves set (seed ${SEED})`, (name) => {
  it('is still set for more output than is kept, and for those who come then', async () => {
    const { id, client, screen } = await quietShell()
    const lines = 25_000
    // Through a tab stop, and with letters that other character sets draw otherwise.
    const line = (text: string, tab: string) => `q${text}${tab}x ${'·'.repeat(48)}`
    const more = `gunzip -c '${join(FIXTURES, `${name}.gz`)}'; seq -f '${line('%.0f', '@')}' 1 ${lines} | tr @ '\\011'`
    client.input(`stty -opost; printf '\\033c'; ${more}; printf '\\0338restored'; exec sleep 60\r`)
    const rest = Array.from({ length: lines }, (_, i) => `${line(String(i + 1), '\t')}\n`).join('')
    const whole = await undisturbed('\u001bc', fixture(name), rest, '\u001b8restored')
    await until('all of the output', () => screen.text().includes('restored'), 60_000)
    expect(screen.state()).toEqual(whole.state())
    const one = newcomer(id)
    const agrees = async () => {
      await one.settled()
      return one.recent().join('\n') === whole.recent(one).join('\n')
    }
    await until('the same picture', agrees, 10_000).catch(() => undefined)
    expect(one.recent()).toEqual(whole.recent(one))
    expect(one.gaps).toBeGreaterThan(0)
    expect(one.history()).toBeGreaterThanOrEqual(Math.min(500, whole.history()))
    // What it was not told is drawn otherwise now: the scroll region, the sets, the stops.
    for (const show of [one, whole]) show.emulator.write(`\r\nlqx\tq\u000fq\u001bMup\u001b8back\u001b[4mline`)
    await Promise.all([one.settled(), whole.settled()])
    expect(one.recent()).toEqual(whole.recent(one))
    await world.closeTerminal(id)
  })
})
