import { join } from 'node:path'
import { type Figure, main, paired } from './support/figures.ts'
import { startOpenCode } from './support/opencode.ts'
import { startPilot } from './support/pilot.ts'
import { program, root, type Scope, scoped } from './support/program.ts'

const ROUNDS = 3

/** Time from the command to an answer, for a new data directory and for one that was used before. */
export async function run(): Promise<Figure[]> {
  program()
  const cold: Pairs = newPairs()
  const warm: Pairs = newPairs()
  for (let round = 0; round < ROUNDS; round++) {
    await scoped(async (scope) => {
      const home = scope.directory('home')
      const engine = scope.directory('engine')
      for (const pairs of [cold, warm]) {
        const opencode = await startOpenCode(engine)
        await opencode.stop()
        const pilot = await startPilot({ home })
        await pilot.stop()
        pairs.healthy.push([pilot.healthyMs, opencode.listeningMs])
        pairs.link.push([pilot.linkMs, opencode.listeningMs])
      }
    })
  }
  const bench = 'start'
  const unit = 'ms'
  const reference = 'opencode serve'
  return [
    paired({ bench, unit, reference, name: 'cold, first healthy answer' }, cold.healthy),
    paired({ bench, unit, reference, name: 'cold, link printed' }, cold.link),
    paired({ bench, unit, reference, name: 'warm, first healthy answer' }, warm.healthy),
    paired({ bench, unit, reference, name: 'warm, link printed' }, warm.link),
    await scoped((scope) => secondStart(scope)),
  ]
}

interface Pairs {
  healthy: [number, number][]
  link: [number, number][]
}
const newPairs = (): Pairs => ({ healthy: [], link: [] })

/** What a user types, with everything installed and built: checks of the checkout included. */
async function secondStart(scope: Scope): Promise<Figure> {
  const home = scope.directory('home')
  const engine = scope.directory('engine')
  const command = [process.execPath, join(root, 'scripts', 'start.mjs')]
  const pairs: [number, number][] = []
  await (await startPilot({ home, command })).stop()
  for (let attempt = 0; pairs.length < ROUNDS && attempt < 3 * ROUNDS; attempt++) {
    const opencode = await startOpenCode(engine)
    await opencode.stop()
    const pilot = await startPilot({ home, command })
    await pilot.stop()
    // A source that was edited meanwhile is built again: that is another thing than a second start.
    if (!/Building|Installing/.test(pilot.output())) pairs.push([pilot.linkMs, opencode.listeningMs])
  }
  return paired(
    {
      bench: 'start',
      name: 'second npm start, link printed',
      unit: 'ms',
      reference: 'opencode serve',
      aim: { text: 'under 3 s', met: ({ value }) => value < 3_000 },
    },
    pairs,
  )
}

if (import.meta.main) await main(run)
