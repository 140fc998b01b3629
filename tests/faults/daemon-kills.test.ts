import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FaultReport } from '../support/fault-report.ts'
import { FaultWorld } from '../support/fault-world.ts'
import { LineStream, Typist } from '../support/line-stream.ts'
import { until } from '../support/pilot.ts'
import { descriptors } from '../support/processes.ts'
import { keptKeys } from '../support/programs.ts'
import { Prompter } from '../support/prompter.ts'
import { SEED, SOAK, seeded } from '../support/random.ts'
import { CountingScreen } from '../support/screens.ts'

/** The daemon dies in every way while terminals print, somebody types and agents work; the terminals do not notice. */
const random = seeded(SEED)
let world: FaultWorld
beforeAll(async () => {
  world = await FaultWorld.start(random)
})
afterAll(async () => {
  await world?.stop()
})

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function typist(): Promise<Typist> {
  const file = join(world.home, `keys-${random.int(0, 1e9)}`)
  const id = await world.openTerminal()
  const screen = new CountingScreen()
  const client = world.tab().attach(id, screen)
  await until('the terminal to be live', () => client.get().phase === 'live')
  client.input(`${keptKeys(file)}\r`)
  await until('the program that keeps keys', () => screen.tail.includes('READY'))
  return new Typist(client, () => (existsSync(file) ? readFileSync(file, 'utf8') : ''))
}

interface Death {
  name: string
  kill: () => Promise<void>
}
const deaths: Death[] = [
  { name: 'killed', kill: () => world.daemon.kill('SIGKILL') },
  { name: 'stopped', kill: () => world.daemon.kill('SIGTERM') },
  // What a service manager does to what is left in the daemon's own group.
  { name: 'killed with its group', kill: () => world.daemon.kill('SIGKILL', { group: true }) },
]

it.each([
  { id: 'F1', title: 'daemon killed in mid-output', ways: deaths.slice(0, 1), runs: 8, prompts: true },
  { id: 'F2', title: 'daemon restarted as a unit would', ways: deaths.slice(1), runs: 4, prompts: false },
])(`$id: $title (seed ${SEED})`, async ({ id, title, ways, runs, prompts }) => {
  const report = new FaultReport(id, title)
  const tab = world.tab()
  const total = runs * SOAK
  const prompter = prompts ? await Prompter.start(world) : null
  // About a second and a half of output for each death.
  const stream = await LineStream.start(world, tab, { count: total * 15_000, bytesPerSecond: 1_000_000 })
  const typing = await typist()
  typing.start()
  prompter?.run()
  const hosts = world.hosts().toSorted()
  expect(hosts.length).toBeGreaterThanOrEqual(2)
  for (let run = 0; run < total; run++) {
    await pause(random.int(20, 700))
    const began = performance.now()
    await random.pick(ways).kill()
    const detect = await tab.when(began, ({ status }) => status !== 'live').catch(() => undefined)
    expect(world.hosts().toSorted()).toEqual(hosts)
    world.startDaemon()
    const recover = await stream.flowing()
    report.run({}, { recover, ...(detect === undefined ? {} : { detect }) })
    report.sample(world.gateway.pid, world.daemon.pid, ...hosts)
  }
  await stream.ended()
  const typed = await typing.stop()
  report.run(stream.outcome())
  report.run(typed)
  if (prompter) {
    report.run(await prompter.stop())
    report.figures.prompts = prompter.summary()
    report.figures['answers to agents'] = prompter.answers
  }
  report.figures.lines = stream.screen.lines.next
  report.figures['lines in announced gaps'] = stream.screen.lines.gaps
  report.figures['words typed'] = typing.taken
  report.figures.descriptors = descriptors(world.daemon.pid)
  expect(world.hosts().toSorted()).toEqual(hosts)
  await world.closeTerminal(stream.id)
  await world.closeTerminal(typing.client.id)
  await until('the hosts to end', () => world.hosts().length === 0, 10_000).catch(() => undefined)
  report.leaked = world.hosts().length
  report.finish()
})
