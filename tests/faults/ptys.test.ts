import type { TerminalId } from '@pilot/domain/entities/terminal'
import { newId } from '@pilot/domain/ids'
import type { TerminalClient } from '@pilot/frontend/terminal/port'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FaultReport } from '../support/fault-report.ts'
import { FaultWorld } from '../support/fault-world.ts'
import { LineStream } from '../support/line-stream.ts'
import { until } from '../support/pilot.ts'
import { SEED, seeded } from '../support/random.ts'
import { CountingScreen } from '../support/screens.ts'

/** A machine with so few pseudo-terminals, which nothing but this world's terminals sees and uses. */
const PTYS = 4
const mount = `mount -t devpts -o newinstance,ptmxmode=0666,max=${PTYS} devpts /dev/pts && exec "$@"`
// Whoever is not root becomes it in a namespace of their own, which is where a mount is allowed.
const own = process.getuid?.() === 0 ? [] : ['--map-root-user']
const random = seeded(SEED)
let world: FaultWorld

beforeAll(async () => {
  world = await FaultWorld.start(random, {}, ['unshare', ...own, '--mount', 'sh', '-c', mount, 'sh'])
})
afterAll(async () => {
  await world?.stop()
})

async function answers(client: TerminalClient, screen: CountingScreen, mark: string): Promise<void> {
  client.input(`echo "${mark}"-seen\r`)
  await until(`the answer ${mark}`, () => screen.tail.includes(`${mark}-seen`), 20_000)
}

it(`F14: no pseudo-terminal left: a code and a sentence, the others go on, and one that is given back is used (seed ${SEED})`, async () => {
  const report = new FaultReport('F14-ptys', 'pseudo-terminals used up')
  const tab = world.tab()
  const stream = await LineStream.start(world, tab, { count: 20_000, bytesPerSecond: 500_000 })
  const shells: { id: TerminalId; client: TerminalClient; screen: CountingScreen }[] = []
  while (shells.length < PTYS - 1) {
    const screen = new CountingScreen()
    const id = await world.openTerminal()
    const client = tab.attach(id, screen)
    await until('the shell', () => client.get().phase === 'live')
    shells.push({ id, client, screen })
  }
  const hosts = world.hosts()
  expect(hosts).toHaveLength(PTYS)
  const refused: TerminalId[] = []
  for (const source of ['host', 'tmux', 'host'] as const) {
    const id = newId('terminal')
    const began = performance.now()
    const { body } = await world.browser.post(world.path('terminal'), { id, source })
    report.run({}, { detect: performance.now() - began })
    expect(body).toMatchObject({
      error: { code: 'RUNTIME_ERROR', message: expect.stringMatching(/Close some terminals/), retryable: true },
    })
    // No process is left of the attempt, and its row says what became of it.
    expect(world.hosts()).toEqual(hosts)
    expect((await world.terminal(id)).state).toBe('error')
    refused.push(id)
  }
  for (const [index, { client, screen }] of shells.entries()) await answers(client, screen, `still-${index}`)
  await stream.ended()
  report.run(stream.outcome())

  const released = performance.now()
  for (const { id } of shells) await world.closeTerminal(id)
  // What could not be opened can be opened now, by its own row.
  for (const [index, id] of refused.entries()) {
    expect((await world.browser.post(`${world.path('terminal')}/${id}/reopen`, {})).status).toBe(200)
    const screen = new CountingScreen()
    await answers(tab.attach(id, screen), screen, `again-${index}`)
    report.run({}, { recover: performance.now() - released })
    await world.closeTerminal(id)
  }
  report.finish()
})
